"""Serves the page: the files of `web/`, and the address `/`."""
