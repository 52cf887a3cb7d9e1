"""Finds where the parts of a document stand in its text, JSON or YAML: a fault names its part by a pointer, and who
writes the text looks for a line.
"""

import bisect
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from wand_orchestrator.graphs.yaml_text import LOADER

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s,:{}\[\]"]+')


class TextPlace(NamedTuple):
    """A place in a text; `line` and `column` count from 1, the column in characters."""

    line: int
    column: int


def places_in(text: str, pointers: Collection[str], *, is_yaml: bool) -> Mapping[str, TextPlace]:
    """Return the place of each pointer, which is that of the key where the part has one. What is not in the text, as a
    key that is missing, gets the place of what it would be in.

    The text is one that parse_json or parse_yaml has read. Takes time in proportion to its length.
    """
    walk = _Walk(_yaml_tokens(text) if is_yaml else _json_tokens(text), _with_parents(pointers))
    walk.document()
    breaks = [match.start() for match in re.finditer("\n", text)]
    found = {pointer: _place(offset, breaks) for pointer, offset in walk.found.items()}
    return {pointer: next(found[each] for each in _upwards(pointer) if each in found) for pointer in pointers}


def _upwards(pointer: str) -> Iterator[str]:
    """Yield the pointer and those of all that its part is in, up to the document."""
    while pointer:
        yield pointer
        pointer = pointer[: pointer.rfind("/")] if "/" in pointer else ""
    yield ""


def _with_parents(pointers: Collection[str]) -> frozenset[str]:
    return frozenset(each for pointer in pointers for each in _upwards(pointer))


def _place(offset: int, breaks: list[int]) -> TextPlace:
    line = bisect.bisect_left(breaks, offset)
    return TextPlace(line + 1, offset - (breaks[line - 1] if line else -1))


class _Token(NamedTuple):
    """`kind`: `{`, `[`, `end`, or empty for a scalar, whose text is `value`."""

    kind: str
    value: str
    offset: int


def _json_tokens(text: str) -> Iterator[_Token]:
    for match in _JSON_TOKEN.finditer(text):
        word = match[0]
        if word in "{[":
            yield _Token(word, "", match.start())
        elif word in "}]":
            yield _Token("end", "", match.start())
        elif word[0] == '"':
            yield _Token("", json.loads(word) if "\\" in word else word[1:-1], match.start())
        else:
            yield _Token("", word, match.start())


def _yaml_tokens(text: str) -> Iterator[_Token]:
    for event in yaml.parse(text, Loader=LOADER):
        offset = event.start_mark.index
        match event:
            case yaml.ScalarEvent():
                yield _Token("", event.value, offset)
            case yaml.MappingStartEvent():
                yield _Token("{", "", offset)
            case yaml.SequenceStartEvent():
                yield _Token("[", "", offset)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                yield _Token("end", "", offset)


@dataclass
class _Walk:
    """A walk over the tokens that notes the offsets of wanted pointers. `at` is None within what nobody wants."""

    tokens: Iterator[_Token]
    wanted: Collection[str]
    found: dict[str, int] = field(default_factory=dict)

    def document(self) -> None:
        first = next(self.tokens)
        self.found[""] = first.offset
        self._part(first, "")

    def _part(self, token: _Token, at: str | None) -> None:
        if token.kind == "[":
            self._list(at)
        elif token.kind == "{":
            self._object(at)

    def _list(self, at: str | None) -> None:
        index = 0
        while (token := next(self.tokens)).kind != "end":
            self._part(token, self._note(at, str(index), token.offset))
            index += 1

    def _object(self, at: str | None) -> None:
        while (key := next(self.tokens)).kind != "end":
            self._part(next(self.tokens), self._note(at, key.value, key.offset))

    def _note(self, at: str | None, key: str, offset: int) -> str | None:
        """Return the pointer of what is under this key; None if nobody wants it."""
        if at is None:
            return None
        pointer = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
        if pointer not in self.wanted:
            return None
        self.found[pointer] = offset
        return pointer
