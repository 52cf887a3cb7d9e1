"""The outbox: starts that are stored first and handed to Temporal afterwards."""
