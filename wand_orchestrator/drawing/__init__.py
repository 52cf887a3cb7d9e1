"""Draws graphs and runs as pictures: SVG, and source of Mermaid."""
