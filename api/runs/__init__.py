"""Runs as the API starts, reads, steers, retries and deletes them."""
