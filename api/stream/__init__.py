"""The relay: turns a run's journal into server-sent events."""
