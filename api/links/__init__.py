"""Implements links: each answers one approval, or sends one event, without the API key."""
