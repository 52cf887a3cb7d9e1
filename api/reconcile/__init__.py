"""Brings the database in line with what Temporal knows of runs."""
