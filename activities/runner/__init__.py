"""The runner: makes an agent an activity."""
