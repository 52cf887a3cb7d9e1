"""Graphs as the API checks, stores and returns them."""
