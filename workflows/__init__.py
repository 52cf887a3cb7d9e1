"""Deterministic code only: the GraphRun workflow, the scheduler that walks the DAG, the event journal.

Imports nothing of Wand but `wand_orchestrator`; an activity is named by its name.
"""
