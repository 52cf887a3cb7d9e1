"""Implements the tool `chart.render`, which draws a chart as SVG."""
