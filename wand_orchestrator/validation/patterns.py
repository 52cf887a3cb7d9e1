"""Regular expressions of JSON Schemas, in time linear in the text: users write them, and others share the process.

RE2's syntax (https://github.com/google/re2/wiki/Syntax) has what JSON Schema recommends; it has neither back-references
nor look-around, which no engine matches in linear time.
"""

from functools import lru_cache
from typing import Any

import re2

from wand_orchestrator.errors import InternalError
from wand_orchestrator.graphs.evaluation_budget import Budget

MAX_CHARS = 1000
MAX_PROGRAM_BYTES = 256 * 1024
_CHARACTERS_PER_STEP = 16


class UnusablePattern(InternalError, ValueError):
    """It is no regular expression that can be matched in linear time; the text says why."""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PROGRAM_BYTES
    return re2.compile(pattern, options)


def check_pattern(pattern: str) -> None:
    """Raises UnusablePattern."""
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


def found(pattern: str, text: str, budget: Budget) -> bool:
    """Whether the pattern matches somewhere in the text. Raises Exceeded and UnusablePattern."""
    check_pattern(pattern)
    budget.take(1 + len(text) // _CHARACTERS_PER_STEP)
    return _compiled(pattern).search(text) is not None
