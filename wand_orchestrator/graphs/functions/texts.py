"""Implements functions of texts, under the names of JMESPath Community where it has them (its JEP 14).

Positions and lengths count characters, that is, Unicode code points.
"""

import re
from typing import Any

from wand_orchestrator.graphs.functions.arithmetic import Number, whole_number
from wand_orchestrator.graphs.functions.encodings import written
from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup

MAX_LENGTH = 2**24
_TEXT_BYTES = 56
"""Of each text in memory, besides its characters."""

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")

TEXTS = FunctionGroup("Texts")

TEXTS.describe(
    "contains(subject: array | string, search: any) -> boolean",
    "Tells whether a list has the element, or a text the part.",
    ("contains(@, 'ell')", "hello", True),
    ("contains(@, `3`)", [1, 2], False),
)
TEXTS.describe(
    "ends_with(text: string, end: string) -> boolean",
    "Tells whether the text ends so.",
    ("ends_with(@, '.csv')", "a.csv", True),
)
TEXTS.describe(
    "starts_with(text: string, start: string) -> boolean",
    "Tells whether the text starts so.",
    ("starts_with(@, 'http')", "ftp:", False),
)
TEXTS.describe(
    "join(separator: string, texts: array[string]) -> string",
    "Writes texts one after another, with the separator between them.",
    ("join(', ', [*].name)", [{"name": "a"}, {"name": "b"}], "a, b"),
)
TEXTS.describe(
    "to_string(value: any) -> string",
    "Writes a value as JSON; a text stays as it is.",
    ("to_string(@)", [1, None], "[1,null]"),
    ("to_string(@)", "a", "a"),
)


@TEXTS.add("lower(text: string) -> string", "Returns the text in lower case.", ("lower(@)", "STRING", "string"))
def lower(call: Call, text: str) -> str:
    return _cased(call, text, text.isascii()).lower()


@TEXTS.add("upper(text: string) -> string", "Returns the text in upper case.", ("upper(@)", "straße", "STRASSE"))
def upper(call: Call, text: str) -> str:
    return _cased(call, text, text.isascii()).upper()


def _cased(call: Call, text: str, is_ascii: bool) -> str:
    """Count the cost of changing the case of a text, and return it; a letter may become up to three."""
    call.scan(text)
    call.build_text(len(text) * (1 if is_ascii else 3), text)
    return text


@TEXTS.add(
    "trim(text: string, characters?: string) -> string",
    "Removes characters from both ends, by default spaces, tabs and line breaks.",
    ("trim(@)", "  a b ", "a b"),
    ("trim(@, '#*')", "#*a*", "a"),
)
def trim(call: Call, text: str, characters: str = "") -> str:
    return text.strip(_trimmed(call, text, characters))


@TEXTS.add(
    "trim_left(text: string, characters?: string) -> string",
    "Removes characters from the start.",
    ("trim_left(@, '0')", "0070", "70"),
)
def trim_left(call: Call, text: str, characters: str = "") -> str:
    return text.lstrip(_trimmed(call, text, characters))


@TEXTS.add(
    "trim_right(text: string, characters?: string) -> string",
    "Removes characters from the end.",
    ("trim_right(@, '/')", "a//", "a"),
)
def trim_right(call: Call, text: str, characters: str = "") -> str:
    return text.rstrip(_trimmed(call, text, characters))


def _trimmed(call: Call, text: str, characters: str) -> str | None:
    call.scan(text)
    call.budget.take(len(text) * len(characters) // 256)
    call.build_text(len(text), text)
    return characters or None


@TEXTS.add(
    "split(text: string, separator: string, count?: number) -> array[string]",
    "Returns the parts between separators; after `count` of them, the rest as it is. An empty one gives characters.",
    ("split(@, ',')", "a,b,c", ["a", "b", "c"]),
    ("split(@, ',', `1`)", "a,b,c", ["a", "b,c"]),
    ("split(@, '')", "abc", ["a", "b", "c"]),
)
def split(call: Call, text: str, separator: str, count: Number = MAX_LENGTH) -> list[str]:
    most = whole_number(count, 0, MAX_LENGTH, "count")
    call.search(text, separator)
    parts = min(text.count(separator), most) + 1
    call.budget.build_list(parts)
    call.build_text(len(text) + parts * _TEXT_BYTES, text)
    call.budget.take(parts // 4)
    if separator:
        return text.split(separator, most)
    return [*text[:most], text[most:]] if most < len(text) else [*text]


@TEXTS.add(
    "replace(text: string, old: string, new: string, count?: number) -> string",
    "Replaces a part wherever it stands, or only the first `count` times.",
    ("replace(@, '-', '/')", "2026-01-31", "2026/01/31"),
    ("replace(@, 'a', 'b', `1`)", "aa", "ba"),
)
def replace(call: Call, text: str, old: str, new: str, count: Number = MAX_LENGTH) -> str:
    most = whole_number(count, 0, MAX_LENGTH, "count")
    call.search(text, old)
    places = min(text.count(old), most)
    call.budget.take(places // 16)
    call.build_text(len(text) + places * max(0, len(new) - len(old)), text, new)
    return text.replace(old, new, most)


@TEXTS.add(
    "pad_left(text: string, width: number, character?: string) -> string",
    "Fills up the text at its start, by default with spaces.",
    ("pad_left(to_string(@), `3`, '0')", 7, "007"),
)
def pad_left(call: Call, text: str, width: Number, character: str = " ") -> str:
    return _padding(call, text, width, character) + text


@TEXTS.add(
    "pad_right(text: string, width: number, character?: string) -> string",
    "Fills up the text at its end, by default with spaces.",
    ("pad_right(@, `5`, '.')", "ab", "ab..."),
)
def pad_right(call: Call, text: str, width: Number, character: str = " ") -> str:
    return text + _padding(call, text, width, character)


def _padding(call: Call, text: str, width: Number, character: str) -> str:
    if len(character) != 1:
        raise ValueError("`character` must be one character")
    missing = max(0, whole_number(width, -MAX_LENGTH, MAX_LENGTH, "width") - len(text))
    call.build_text(2 * missing + len(text), text, character)
    return character * missing


@TEXTS.add(
    "find_first(text: string, part: string, start?: number, end?: number) -> number | null",
    "Returns where the part first stands, counted from 0, and null if it does not.",
    ("find_first(@, 'string')", "subject string", 8),
    ("find_first(@, 's', `1`)", "subject string", 8),
    ("find_first(@, 'x')", "subject string", None),
)
def find_first(call: Call, text: str, part: str, start: Number = 0, end: Number = MAX_LENGTH) -> int | None:
    if not (text and part):
        return None
    call.search(text, part)
    found = text.find(part, max(0, _place(start, "start")), max(0, _place(end, "end")))
    return None if found < 0 else found


@TEXTS.add(
    "find_last(text: string, part: string, last?: number) -> number | null",
    "Returns where the part last stands, looking back from the position `last`.",
    ("find_last(@, 's')", "subject string", 8),
    ("find_last(@, 's', `7`)", "subject string", 0),
)
def find_last(call: Call, text: str, part: str, last: Number = MAX_LENGTH) -> int | None:
    place = _place(last, "last")
    if not (text and part) or place < 0:
        return None
    call.search(text, part)
    call.build_text(2 * len(text), text)
    before = text[: place + len(part)]
    found = before[::-1].find(part[::-1])  # Python looks backwards in quadratic time
    return None if found < 0 else len(before) - found - len(part)


def _place(number: Number, name: str) -> int:
    return whole_number(number, -MAX_LENGTH, MAX_LENGTH, name)


@TEXTS.add(
    "format(template: string, values: object | array) -> string",
    "Puts values in the places `{key}` or `{0}` of a template: texts as they are, null as nothing, others as JSON. "
    "`{{` is one brace.",
    ("format('{name} is {age}', @)", {"name": "Ada", "age": 36}, "Ada is 36"),
    ("format('{0}/{1}', @)", ["a", "b"], "a/b"),
)
def format_text(call: Call, template: str, values: Any) -> str:
    call.scan(template)
    call.budget.take(8 * template.count("{"))
    pieces, end, length = [], 0, 0
    for place in _PLACE.finditer(template):
        value = place[0][0] if place[1] is None else written(call, _value(values, place[1]))
        pieces += [template[end : place.start()], value]
        length += len(value)
        call.build_text(length if len(value) > _TEXT_BYTES else _TEXT_BYTES, value)
        end = place.end()
    pieces.append(template[end:])
    call.build_text(sum(map(len, pieces)), *pieces)
    return "".join(pieces)


def _value(values: Any, key: str) -> Any:
    if isinstance(values, dict):
        return values.get(key)
    if not (key.isdecimal() and len(key) < 8):
        raise ValueError("the template names a key, and the values are a list: write {0}, {1} …")
    return values[int(key)] if int(key) < len(values) else None
