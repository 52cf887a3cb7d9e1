"""Bounds what a worker takes from an MCP server."""

MAX_MESSAGE_BYTES = 8 * 1024**2
"""Of one message of a server. A larger one ends the call, and over stdio the server."""

MAX_TOOLS = 2_000
"""Of one server; Wand takes none of a list that is longer."""

MAX_LIST_BYTES = 1024**2
"""Of the descriptions of all tools of a server as JSON. They stand in the history of every run that uses the server."""

MAX_PAGES = 100
"""Of a list of tools."""

MAX_DESCRIPTION_CHARACTERS = 16_000
"""Of one tool; the rest of a longer description is cut off."""

OPENING_SEC = 60.0
"""From the start of a server until it speaks; the first start may download it."""

LIST_SEC = 30.0
"""For all pages of a list of tools."""

FRESH_SEC = 10.0
"""A list that is older is taken anew before a call: not every server tells of changes."""

LOG_LINES, LOG_LINES_SEC = 200, 10.0
"""Lines of a server's standard error that are logged in so many seconds; further ones are counted."""

LOG_LINE_BYTES = 2_000
"""Of one such line; the rest of a longer one is cut off."""

CLOSING_SEC = 10.0
"""Until a connection that has ended is closed, and its process with it."""

STATE_SEC = 20.0
"""For what one server tells of itself, where somebody asks for all of them; a server that starts meanwhile goes on."""
