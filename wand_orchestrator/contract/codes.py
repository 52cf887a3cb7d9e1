"""Codes of failures that more than one process decides by."""

TOO_SLOW = "too_slow"
"""Code of the failure of a local activity that was stopped because it is not as short as it was declared to be."""
