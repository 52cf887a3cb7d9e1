"""Implements the FastAPI application: routers, authentication, and the relay that turns a run's events into SSE.

Imports nothing of Wand but `wand_orchestrator`; the workflow, its queries and signals are named by their names.
"""
