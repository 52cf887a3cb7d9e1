"""Implements hooks: names under which messages from other systems start runs."""
