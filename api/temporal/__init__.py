"""Calls Temporal, with a time budget and with Wand's errors."""
