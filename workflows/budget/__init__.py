"""Budgets of tokens and money: what a model call may cost, and what is left, in plain classes without Temporal."""
