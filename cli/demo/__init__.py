"""`wand demo`."""
