"""The journal: a run's events, and their texts."""
