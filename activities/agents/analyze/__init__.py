"""Implements `agent.analyze`: figures and series out of text, tables, JSON and web pages."""
