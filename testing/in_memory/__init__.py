"""Carries out workflows in this process: what Temporal's server and its worker do, for one test."""
