"""Words values, types and names in the sentences of faults."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

MAX_QUOTED_CHARS = 80
MAX_NAMES = 8

TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def shortened(text: str) -> str:
    """Return the text on one line, and cut if it is long."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_QUOTED_CHARS else f"{line[: MAX_QUOTED_CHARS - 1]}…"


def quoted(text: str) -> str:
    return repr(text if len(text) <= MAX_QUOTED_CHARS else f"{text[: MAX_QUOTED_CHARS - 1]}…")


def described(value: Any) -> str:
    """Return a JSON value as the object of "and is": `the text 'x'`, `the number 5`, `a list`."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, int | float):
        return f"the number {shortened(json.dumps(value))}"
    return "an object" if isinstance(value, dict) else "a list"


def type_words(types: Iterable[str]) -> str:
    """Return JSON types as a sentence names them: `text or null`."""
    return " or ".join(TYPE_WORDS.get(type, type) for type in types)


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return names as a list such as `` `a`, `b` and `c` ``; of many, the first."""
    ticked = [f"`{shortened(name)}`" for name in names]
    if len(ticked) > MAX_NAMES:
        ticked = [*ticked[:MAX_NAMES], f"{len(ticked) - MAX_NAMES} more"]
    if len(ticked) < 2:
        return "".join(ticked)
    return f"{', '.join(ticked[:-1])} {last} {ticked[-1]}"
