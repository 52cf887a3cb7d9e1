"""Contains the systems that are compared."""
