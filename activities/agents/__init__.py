"""Contains Wand's built-in agents, a module each."""
