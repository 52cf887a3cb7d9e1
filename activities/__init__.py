"""Contains everything with side effects: the agents, the tools, the runner that makes an agent an activity, the worker.

Imports nothing of Wand but `wand_orchestrator`.
"""
