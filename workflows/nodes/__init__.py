"""Carries out nodes: as activities, control nodes, or child runs."""
