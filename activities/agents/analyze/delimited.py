"""Recognises CSV and its dialect, and splits it into rows."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

SEPARATORS = (",", ";", "\t", "|")

_LINES_LOOKED_AT = 200
_LONGEST_NAME = 100
_ALIKE = 0.8
"""Share of the rows looked at that have as many fields as the first."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[T ].*)?|\d{1,2}([./])\d{1,2}\1\d{2,4}", re.ASCII)
_YEAR = re.compile(r"(?:1[6-9]|20|21)\d\d", re.ASCII)
_LEAST_SEQUENCE = 3
"""Whole numbers in a row that count upwards: fewer come about in data by chance."""


@dataclass(frozen=True)
class Dialect:
    """A dialect of CSV; `fields` is the number of fields of the first row."""

    separator: str
    fields: int
    has_header: bool


def recognise(text: str) -> Dialect | None:
    """Return the dialect that fits the first rows; None if they do not look like a table.

    One column is a table if all but its first line are numbers: everything else on one line each is prose.
    """
    head = "".join(islice(io.StringIO(text), _LINES_LOOKED_AT))
    candidates = [dialect for separator in SEPARATORS if (dialect := _dialect(head, separator)) is not None]
    return max(candidates, key=lambda dialect: dialect.fields, default=None)


def rows_of(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the fields of each row that is not empty, with the blanks around them. Raises csv.Error.

    A quote counts at the beginning of a field: in `5" pipe` it is a character like others.
    """
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    return (row for row in reader if any(map(str.strip, row)))


def allow_long_fields() -> None:
    """Lift the standard library's limit of 131,072 characters a field, which holds for the process; texts are bounded
    earlier.
    """
    csv.field_size_limit(2**31 - 1)


def _dialect(head: str, separator: str) -> Dialect | None:
    allow_long_fields()
    try:
        rows = list(rows_of(head, separator))
    except csv.Error:
        return None
    if not rows:
        return None
    first, rest = rows[0], rows[1:]
    dialect = Dialect(separator, len(first), has_header=_is_header(first, rest))
    if dialect.has_header and any(len(field) > _LONGEST_NAME for field in first):
        return None
    fits = _is_column_of_numbers(first, rest) if len(first) == 1 else _is_table(first, rest)
    return dialect if fits else None


def _is_table(first: list[str], rest: list[list[str]]) -> bool:
    """Return whether rows form a table. A header alone does if each field could be a name, unlike a sentence with a
    comma.
    """
    if not rest:
        return all(field and field == field.strip() and len(field.split()) <= 3 for field in first)
    alike = sum(len(row) == len(first) for row in rest)
    return alike >= _ALIKE * len(rest)


def _is_column_of_numbers(first: list[str], rest: list[list[str]]) -> bool:
    return bool(rest) and len(first[0]) <= _LONGEST_NAME and all(len(row) == 1 and _is_number(row[0]) for row in rest)


def _is_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Names are no values. A number or a date can be a name where it stands over values of another kind: a year over
    amounts, or one of several numbers that count upwards as no row below does."""
    values = [index for index, field in enumerate(first) if _is_number(field) or _is_date(field)]
    if not values:
        return True
    if len(first) == 1 or (not rest and len(values) == len(first)):
        return False
    if _counts_up(first, values) and not any(_counts_up(row, values) for row in rest):
        return True
    return all(_names_column(first[index], [row[index] for row in rest if index < len(row)]) for index in values)


def _names_column(field: str, below: list[str]) -> bool:
    for looks_alike in (_is_year, _is_date):
        if looks_alike(field):
            return not any(looks_alike(value) for value in below)
    return False


def _counts_up(row: Sequence[str], indexes: Sequence[int]) -> bool:
    fields = [row[index].strip() for index in indexes if index < len(row)]
    if len(fields) < _LEAST_SEQUENCE or not all(field.isascii() and field.isdigit() for field in fields):
        return False
    return len(max(fields, key=len)) < 10 and all(int(after) - int(before) == 1 for before, after in pairwise(fields))


def _is_number(field: str) -> bool:
    return _NUMBER.fullmatch(field.strip()) is not None


def _is_year(field: str) -> bool:
    return _YEAR.fullmatch(field.strip()) is not None


def _is_date(field: str) -> bool:
    return _DATE.fullmatch(field.strip()) is not None
