"""Builds conditions on texts in Temporal's query language, which cannot express all of them.

Temporal's visibility takes a text in quotes apart and puts it together again escaped, so that a name with a quote, a
backslash or a control character in it equals nothing. What stands before the first of those can be asked for. So a
condition finds all that fit, and maybe others: whoever asks sifts the answer.
"""

import re

_PLAIN = re.compile(r"[^\"'\\\x00-\x1f\x7f]*")


def equals(attribute: str, text: str) -> str:
    """Return a condition that matches all executions whose attribute is this text, and maybe others."""
    plain = _plain(text)
    return f"{attribute} = '{text}'" if plain == text else _begins(attribute, plain)


def begins_with(attribute: str, text: str) -> str:
    """Return a condition that matches all executions whose attribute begins with this text, and maybe others."""
    return _begins(attribute, _plain(text))


def _begins(attribute: str, plain: str) -> str:
    return f"{attribute} STARTS_WITH '{plain}'" if plain else f"{attribute} IS NOT NULL"


def _plain(text: str) -> str:
    match = _PLAIN.match(text)
    return "" if match is None else match[0]
