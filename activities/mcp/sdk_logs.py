"""Keeps the SDK of MCP from logging what servers send, which may hold their keys."""

import logging

LOGGERS = ("mcp", "httpx2")
"""The first logs whole messages that it cannot read, the second the URL of every request. What matters of both becomes
an error of the call or of the connection."""


def quiet_sdk() -> None:
    """Let the SDK log nothing in this process. Agents, which may use it too, run in another one."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
