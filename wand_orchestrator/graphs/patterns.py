"""Matches the regular expressions of JSON Schemas and expressions, in time linear in the text.

Users write them, and others share the process. RE2's syntax (https://github.com/google/re2/wiki/Syntax) has what JSON
Schema recommends; it has neither back-references nor look-around, which no engine matches in linear time.
"""

from functools import lru_cache
from typing import Any

import re2

from wand_orchestrator.errors import InternalError
from wand_orchestrator.graphs.evaluation_budget import Budget

MAX_CHARS = 1000
MAX_PROGRAM_BYTES = 256 * 1024
_CHARACTERS_PER_STEP = 16
_INSTRUCTIONS_PER_STEP = 128
"""Characters times instructions. RE2 takes some 4 ns for each where the states of a pattern are too many to be kept, as
are those of `(a|b)*a(a|b){100}`."""


class UnusablePattern(InternalError, ValueError):
    """The text is no regular expression that can be matched in linear time; the message is the reason."""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PROGRAM_BYTES
    return re2.compile(pattern, options)


def check_pattern(pattern: str) -> None:
    """Raise UnusablePattern if the pattern cannot be used."""
    if len(pattern) > MAX_CHARS:
        raise UnusablePattern(f"it has {len(pattern)} characters, and at most {MAX_CHARS} are allowed")
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise UnusablePattern(f"RE2 says: {text[:100]}") from error
    except UnicodeEncodeError as error:
        raise UnusablePattern("it has half of a surrogate pair") from error


def checked_pattern(pattern: str) -> Any:
    """Returns the compiled pattern. Raises UnusablePattern."""
    check_pattern(pattern)
    return _compiled(pattern)


def steps_of(pattern: str, text: str) -> int:
    """Returns what it takes at most to look for the pattern once. Raises UnusablePattern."""
    instructions: int = checked_pattern(pattern).programsize
    return max(len(text) // _CHARACTERS_PER_STEP, len(text) * instructions // _INSTRUCTIONS_PER_STEP)


def found(pattern: str, text: str, budget: Budget) -> bool:
    """Return whether the pattern matches somewhere in the text. Raises Exceeded and UnusablePattern."""
    budget.take(1 + steps_of(pattern, text))
    return _compiled(pattern).search(text) is not None
