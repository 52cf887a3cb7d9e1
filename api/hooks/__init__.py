"""Hooks: names under which messages from elsewhere start runs."""
