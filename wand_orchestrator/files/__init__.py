"""Stores files: artifacts, large payloads, and the object store under both."""
