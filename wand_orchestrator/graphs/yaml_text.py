"""Reads YAML as what JSON can say, by the core schema of YAML 1.2: `on`, `yes` and dates are text.

PyYAML's own loaders follow YAML 1.1, which reads the key `on` as true, and resolve anchors, by which a few lines become
gigabytes. So only its parser is used, whose events become values here. Anchors, aliases, tags, keys that are not text
or stand twice, and numbers that JSON does not have are refused.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from wand_orchestrator.contract.bounds import MAX_DEPTH
from wand_orchestrator.errors import BadRequest

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_UNQUOTED = (
    "mapping values are not allowed in this context",
    "did not find expected alphabetic or numeric character",
    "did not find expected ',' or '}'",
)
"""What the parser says of an expression such as `[*].{a: b}` without quotes."""
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

Events = Iterator[yaml.Event]


def parse_yaml(text: str) -> Any:
    """Return the value of the only document in the text.

    Raises BadRequest `malformed_yaml`, whose message names lines; every key that stands twice is in it.
    """
    reader = _Reader()
    try:
        events = yaml.parse(text, Loader=LOADER)
        value = reader.document(events)
    except yaml.MarkedYAMLError as error:
        raise malformed(error.problem or str(error), error.problem_mark) from error
    except yaml.YAMLError as error:  # a character that no YAML text has
        raise malformed(str(error).partition("\n")[0]) from error
    if reader.repeated:
        raise malformed("; ".join(reader.repeated[:10]))
    return value


def malformed(reason: str, mark: yaml.Mark | None = None) -> BadRequest:
    where = {} if mark is None else {"line": mark.line + 1, "column": mark.column + 1}
    place = f" at line {where['line']}, column {where['column']}" if where else ""
    if reason in _UNQUOTED:
        place += ": an expression with `: `, `{` or `*` in it needs quotes around it"
    return BadRequest(f"the document is not YAML that can be read: {reason}{place}", code="malformed_yaml", **where)


class _Reader:
    def __init__(self) -> None:
        self.repeated: list[str] = []
        self._depth = 0

    def document(self, events: Events) -> Any:
        next(events)  # the start of the stream
        if isinstance(next(events), yaml.StreamEndEvent):
            raise malformed("it is empty")
        value = self._value(next(events), events)
        next(events)  # the end of the document
        if isinstance(event := next(events), yaml.DocumentStartEvent):
            raise malformed("it holds a second document", event.start_mark)
        return value

    def _value(self, event: yaml.Event, events: Events) -> Any:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise malformed("anchors and aliases are not allowed: write the value out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise malformed(f"the tag {event.tag} is not allowed", event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise malformed(f"lists and objects are nested more than {MAX_DEPTH} deep", event.start_mark)
        value = self._list(events) if isinstance(event, yaml.SequenceStartEvent) else self._object(events)
        self._depth -= 1
        return value

    def _list(self, events: Events) -> list[Any]:
        found = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            found.append(self._value(event, events))
        return found

    def _object(self, events: Events) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            key = self._value(event, events)
            if not isinstance(key, str):
                raise malformed(f"a key has to be text, and {key!r} is not: quote it", event.start_mark)
            if key in found:
                self.repeated.append(f"the key {key[:100]!r} stands at lines {lines[key]} and {line} of one object")
            lines[key] = line
            found[key] = self._value(next(events), events)
        return found


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if event.style:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text, event.start_mark)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    if _FLOAT.fullmatch(text) or _NOT_JSON.fullmatch(text):
        _refuse(f"JSON has no number {text[:30]}", event.start_mark)
    return text


def _integer(text: str, mark: yaml.Mark) -> int:
    try:
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    except ValueError:
        _refuse("a number has too many digits", mark)


def _refuse(reason: str, mark: yaml.Mark) -> NoReturn:
    raise malformed(reason, mark)
