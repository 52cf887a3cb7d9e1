"""Control nodes: carried out by the workflow itself."""
