"""Checks, caches and returns the graphs of the API."""
