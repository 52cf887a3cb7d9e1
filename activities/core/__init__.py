"""Contains the core activities, which serve workflows and not their nodes."""
