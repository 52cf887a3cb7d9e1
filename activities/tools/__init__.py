"""Contains Wand's built-in tools, a folder each."""
