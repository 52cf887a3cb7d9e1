"""Implements the runner, which makes an agent an activity."""
