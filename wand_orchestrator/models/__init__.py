"""Knows which models can be called: providers, the aliases of `WAND_MODELS`, and where their keys are.

Nothing here imports a provider's library, so that a graph can be checked in a process that calls no model.
"""
