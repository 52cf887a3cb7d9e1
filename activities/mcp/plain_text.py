"""Makes texts of MCP servers fit for a log line, an error or an event."""

import unicodedata


def plain(text: str) -> str:
    """Return the text on one line, with a space for each control or format character, which may command a terminal."""
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character for character in text
    )


def shown(text: str, limit: int = 300) -> str:
    """Return the beginning of the text, fit for a sentence."""
    text = plain(text[: limit + 1]).strip()
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
