"""What every route shares: authentication, problems, bodies, OpenAPI."""
