"""Whether a text is CSV, and in which dialect."""

import csv
import io
from dataclasses import dataclass
from itertools import islice

SEPARATORS = (",", ";", "\t", "|")

_LINES_LOOKED_AT = 200
_LONGEST_NAME = 100
_ALIKE = 0.8
"""Share of the rows looked at that have as many fields as the first."""


@dataclass(frozen=True)
class Dialect:
    """`fields`: of the first row."""

    separator: str
    fields: int
    has_header: bool


def recognise(text: str) -> Dialect | None:
    """The dialect that the first rows speak for; None if they look like no table.

    One column is a table if all but its first line are numbers: everything else on one line each is prose.
    """
    head = "".join(islice(io.StringIO(text), _LINES_LOOKED_AT))
    candidates = [dialect for separator in SEPARATORS if (dialect := _dialect(head, separator)) is not None]
    return max(candidates, key=lambda dialect: dialect.fields, default=None)


def _dialect(head: str, separator: str) -> Dialect | None:
    try:
        rows = [row for row in csv.reader(io.StringIO(head), delimiter=separator) if any(map(str.strip, row))]
    except csv.Error:
        return None
    if not rows:
        return None
    first, rest = rows[0], rows[1:]
    dialect = Dialect(separator, len(first), has_header=not any(map(_is_number, first)))
    fits = _is_column_of_numbers(first, rest) if len(first) == 1 else _is_table(first, rest)
    return dialect if fits else None


def _is_table(first: list[str], rest: list[str] | list[list[str]]) -> bool:
    """A header alone is a table if each field could be a name, which a sentence with a comma is not."""
    if any(len(field) > _LONGEST_NAME for field in first):
        return False
    if not rest:
        return all(field and field == field.strip() and len(field.split()) <= 3 for field in first)
    alike = sum(len(row) == len(first) for row in rest)
    return alike >= _ALIKE * len(rest)


def _is_column_of_numbers(first: list[str], rest: list[list[str]]) -> bool:
    return bool(rest) and len(first[0]) <= _LONGEST_NAME and all(len(row) == 1 and _is_number(row[0]) for row in rest)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
