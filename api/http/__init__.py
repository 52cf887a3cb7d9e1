"""Implements what all routes share: authentication, problems, bodies, OpenAPI."""
