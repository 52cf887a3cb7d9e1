"""Reduces a spec and its data to what can be drawn: an SVG is XML, which does not have every character, and the
renderer takes integers of 64 bits.
"""

import math
import re
from typing import Any

from wand_orchestrator.errors import AgentError
from wand_orchestrator.graphs.nesting import is_deeper

MAX_DEPTH = 90
"""Levels of a spec: views within views, which the checks of it go into one by one."""

_INTEGERS = range(-(2**63), 2**63)
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""https://www.w3.org/TR/xml/#charsets"""


def drawable(value: Any) -> Any:
    """Return `value` without such characters, with large integers as floats, and NaN and infinities as null.

    Raises AgentError `invalid_spec` for what is nested too deeply, or a number that no float holds.
    """
    if is_deeper(value, MAX_DEPTH):
        raise _invalid(f"it is nested in more than {MAX_DEPTH} levels")
    return _cleaned(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _NOT_IN_XML.sub("", value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _float(value) if isinstance(value, int) and value not in _INTEGERS else value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _invalid("a number in it is too large to draw") from None


def _invalid(reason: str) -> AgentError:
    return AgentError(f"the spec cannot be drawn: {reason}", code="invalid_spec", retryable=False)
