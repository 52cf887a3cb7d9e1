"""Schedules, as the API keeps them in Temporal."""
