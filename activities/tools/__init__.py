"""The tools that Wand brings along, a folder each."""
