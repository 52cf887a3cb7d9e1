"""Wand's ground: what the author of an agent imports, and what every other room builds on."""
