"""The `wand` command: the one room that composes the others."""
