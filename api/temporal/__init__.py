"""Calls to Temporal, with their time budget and errors."""
