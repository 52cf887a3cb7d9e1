"""The processes that the command starts and supervises."""
