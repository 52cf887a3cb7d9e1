"""Implements the meaning of the graph document: control nodes, expressions, references, execution."""
