"""Implements the tool `http.fetch`, which fetches pages over HTTP, only from public addresses."""
