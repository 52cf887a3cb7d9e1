"""Writes the list of functions into docs/expressions.md: `python -m scripts.functions`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wand_orchestrator.graphs.functions import GROUPS
from wand_orchestrator.graphs.functions.function import Example, Function

PAGE = Path(__file__).parents[1] / "docs" / "expressions.md"
START, END = "<!-- functions: written by scripts/functions.py -->", "<!-- end of the functions -->"


def listing() -> str:
    """Returns all functions by group, each with its signature, its sentence and its examples."""
    return "\n".join(_lines())


def with_listing(page: str) -> str:
    """Returns the page with the list as it must be."""
    before, rest = page.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n\n{listing()}\n{END}{after}"


def _lines() -> Iterator[str]:
    for group in GROUPS:
        yield f"### {group.title}\n"
        for function in group.functions:
            yield from _entry(function)
        yield ""


def _entry(function: Function) -> Iterator[str]:
    yield f"- `{function.signature}`  "
    yield f"  {function.sentence}{'  ' if function.examples else ''}"
    for number, example in enumerate(function.examples, start=1):
        yield f"  {_told(example)}{'  ' if number < len(function.examples) else ''}"


def _told(example: Example) -> str:
    over = "" if example.value is None else f" over {_code(_json(example.value))}"
    return f"{_code(example.expression)}{over} gives {_code(_json(example.result))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(with_listing(PAGE.read_text()))
