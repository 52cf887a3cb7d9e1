"""Parses types of JSON values as signatures of functions write them: `array[string]`, `number | null`, `&T`.

A single capital letter is a type that the arguments decide: `unique(list: array[T]) -> array[T]` returns a list of
what it was given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r"\s*([A-Za-z]+|[\[\]|&])")

EXPRESSION = "expref"
"""jmespath's name for the type of `&expression`."""

ANY = "any"

_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One alternative of a type; `inner`: the type of elements, of values, or of an expression's result."""

    name: str
    inner: "ValueType | None" = None

    @property
    def is_variable(self) -> bool:
        return len(self.name) == 1

    def __str__(self) -> str:
        if self.name == EXPRESSION:
            return f"&{self.inner}"
        return self.name if self.inner is None else f"{self.name}[{self.inner}]"


@dataclass(frozen=True, slots=True)
class ValueType:
    """A type of values: one of the terms."""

    terms: tuple[Term, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of the JSON types; empty if any is possible."""
        names = frozenset(term.name for term in self.terms)
        return frozenset() if ANY in names or any(term.is_variable for term in self.terms) else names

    @property
    def is_expression(self) -> bool:
        return self.terms[0].name == EXPRESSION

    def inner_of(self, name: str) -> "ValueType | None":
        """Return the type of what values of the named type contain, if it is declared."""
        return next((term.inner for term in self.terms if term.name == name), None)

    def admits(self, value: Any) -> bool:
        """Return whether the value is of this type; what it contains is not checked."""
        names = self.names
        return not names or type_name(value) in names

    def __str__(self) -> str:
        return " | ".join(map(str, self.terms))


def read_type(text: str) -> ValueType:
    tokens = _TOKEN.findall(text)
    stream = iter(tokens)
    result, rest = _union(next(stream), stream)
    if rest is not None:
        raise ValueError(f"{text!r} is no type")
    return result


def type_name(value: Any) -> str:
    return _NAMES.get(type(value), EXPRESSION)


def _union(token: str, stream: Iterator[str]) -> tuple[ValueType, str | None]:
    term, following = _term(token, stream)
    terms = [term]
    while following == "|":
        term, following = _term(next(stream), stream)
        terms.append(term)
    return ValueType(tuple(terms)), following


def _term(token: str, stream: Iterator[str]) -> tuple[Term, str | None]:
    if token == "&":
        term, following = _term(next(stream), stream)
        return Term(EXPRESSION, ValueType((term,))), following
    following = next(stream, None)
    if following != "[":
        return Term(token), following
    inner, _ = _union(next(stream), stream)
    return Term(token, inner), next(stream, None)
