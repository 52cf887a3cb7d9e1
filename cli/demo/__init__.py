"""`wand demo`, its data set and its file server."""
