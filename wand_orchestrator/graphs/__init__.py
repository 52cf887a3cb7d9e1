"""What the graph document means: control nodes, expressions, execution."""
