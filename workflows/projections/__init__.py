"""Projections of a run's journal: to the archive, the parent, webhooks, Temporal's list and Web UI."""
