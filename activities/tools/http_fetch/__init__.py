"""`http.fetch`: gets a page over HTTP, from public addresses alone."""
