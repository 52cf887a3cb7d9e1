"""The control nodes, `flow.*`."""
