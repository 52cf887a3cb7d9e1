"""Calls models: one turn of a conversation is one attempt of an internal agent.

Modules that need a provider's library import it at their head, and are themselves imported when a model is called.
"""
