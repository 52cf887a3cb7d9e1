"""What the API knows of the tools of workers."""
