"""Measures Wand against what one would use instead: `python -m bench`. See docs/performance.md."""
