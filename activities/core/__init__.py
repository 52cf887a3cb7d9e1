"""Activities that workflows have done for themselves."""
