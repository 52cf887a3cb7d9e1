"""docs/expressions.md says of the language and its functions what is so."""

import json
import re
from typing import Any

import pytest

from scripts.functions import PAGE, with_listing
from wand_orchestrator.graphs.expressions import ExpressionError, evaluate
from wand_orchestrator.graphs.functions.instants import READ, WRITTEN

TEXT = PAGE.read_text()
CODE = re.compile(r"``\s(.+?)\s``|`([^`]+)`")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, each with its code alone."""
    section = TEXT.split(f"\n{heading}\n")[1].split("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def code(cell: str) -> list[str]:
    return [(found[1] or found[2]).replace("\\|", "|") for found in CODE.finditer(cell)]


@pytest.mark.parametrize("row", rows("## The language"), ids=lambda row: str(row[0]))
def test_an_expression_gives_what_the_table_says(row: list[str]) -> None:
    expression, over, gives = (code(cell)[0] for cell in row)
    assert evaluate(expression, json.loads(over)) == json.loads(gives)


@pytest.mark.parametrize("row", rows("### Slips"), ids=lambda row: str(row[0]))
def test_what_is_meant_by_a_slip_is_an_expression(row: list[str]) -> None:
    value: dict[str, Any] = {"status": "ok", "pages": [], "name": "a", "price": 1, "count": 2, "list": []}
    meant = code(row[1])[0]
    assert meant.startswith("{") or evaluate(meant, value) is not ExpressionError


def test_the_functions_are_listed_as_the_table_of_functions_has_them() -> None:
    assert with_listing(TEXT) == TEXT, "run: python -m scripts.functions"


@pytest.mark.parametrize(("function", "parts"), [("format_time", WRITTEN), ("parse_time", READ)])
def test_the_parts_of_formats_are_named(function: str, parts: dict[str, Any]) -> None:
    (named,) = re.findall(rf"`{function}\(\)` knows ([^.;]+)", TEXT)
    assert set(re.findall(r"%([A-Za-z%])", named)) == parts.keys()
