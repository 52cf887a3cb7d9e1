"""Implements functions of regular expressions, in RE2's syntax and in time linear in the text.

For a match RE2 may read all of the rest of the text: so each match is counted with a part of it.
"""

from collections.abc import Iterator
from typing import Any

from wand_orchestrator.graphs.functions.arithmetic import Number, whole_number
from wand_orchestrator.graphs.functions.function import Call
from wand_orchestrator.graphs.functions.function_group import FunctionGroup
from wand_orchestrator.graphs.patterns import check_pattern, checked_pattern, steps_of

_MATCH_BYTES = 400
_CHARACTERS_PER_MATCH_STEP = 1024

MATCHING = FunctionGroup("Regular expressions")


@MATCHING.add(
    "regex_match(text: string, pattern: string) -> boolean",
    "Tells whether the pattern matches somewhere in the text; `^` and `$` stand for its ends.",
    (r"regex_match(@, '^\d+$')", "123", True),
    pattern=check_pattern,
)
def regex_match(call: Call, text: str, pattern: str) -> bool:
    return next(_matches(call, text, pattern), None) is not None


@MATCHING.add(
    "regex_find(text: string, pattern: string, group?: number) -> string | null",
    "Returns the first match, or one group of it; null if there is none.",
    (r"regex_find(@, '\d+')", "page 12 of 30", "12"),
    (r"regex_find(@, 'of (\d+)', `1`)", "page 12 of 30", "30"),
    pattern=check_pattern,
)
def regex_find(call: Call, text: str, pattern: str, group: Number = 0) -> str | None:
    number = _group(pattern, group)
    for match in _matches(call, text, pattern):
        return _part(match, number)
    return None


@MATCHING.add(
    "regex_find_all(text: string, pattern: string, group?: number) -> array[string | null]",
    "Returns all matches, or one group of each.",
    (r"regex_find_all(@, '\d+')", "page 12 of 30", ["12", "30"]),
    pattern=check_pattern,
)
def regex_find_all(call: Call, text: str, pattern: str, group: Number = 0) -> list[str | None]:
    number = _group(pattern, group)
    return [_part(match, number) for match in _matches(call, text, pattern)]


@MATCHING.add(
    "regex_replace(text: string, pattern: string, new: string) -> string",
    "Replaces all matches; in `new`, `$1` stands for the first group, `$0` for the match and `$$` for a dollar.",
    (r"regex_replace(@, '(\d+)-(\d+)', '$2/$1')", "01-31", "31/01"),
    (r"regex_replace(@, '\s+', ' ')", "a  b\n c", "a b c"),
    pattern=check_pattern,
)
def regex_replace(call: Call, text: str, pattern: str, new: str) -> str:
    pieces, end = [], 0
    template = _template(new, checked_pattern(pattern).groups)
    for match in _matches(call, text, pattern):
        pieces.append(text[end : match.start()])
        for part in template:
            piece = part if isinstance(part, str) else match.group(part) or ""
            call.budget.build(len(piece) * (1 if piece.isascii() else 4))
            call.budget.take(1)
            pieces.append(piece)
        end = match.end()
    pieces.append(text[end:])
    call.build_text(sum(map(len, pieces)), *pieces)
    return "".join(pieces)


def _matches(call: Call, text: str, pattern: str) -> Iterator[Any]:
    steps = steps_of(pattern, text)
    call.budget.take(1 + steps)
    each = max(1, steps * 16 // _CHARACTERS_PER_MATCH_STEP)
    call.budget.build(len(text) * (1 if text.isascii() else 4))
    for match in checked_pattern(pattern).finditer(text):
        yield match
        call.budget.build(_MATCH_BYTES + match.end() - match.start())
        call.budget.take(4 + each * (len(text) - match.end()) // (len(text) + 1))


def _group(pattern: str, group: Number) -> int:
    return whole_number(group, 0, checked_pattern(pattern).groups, "group")


def _part(match: Any, group: int) -> str | None:
    part: str | None = match.group(group)
    return part


def _template(new: str, groups: int) -> list[str | int]:
    """Split a replacement into its texts, and the numbers of the groups between them. Raises ValueError."""
    parts: list[str | int] = []
    text, *rest = new.split("$")
    parts.append(text)
    after_dollar = False
    for piece in rest:
        if after_dollar:
            parts.append("$" + piece)
            after_dollar = False
        elif piece[:1].isdecimal() and piece[:1].isascii():
            if int(piece[0]) > groups:
                raise ValueError("`new` names a group that the pattern has not")
            parts += [int(piece[0]), piece[1:]]
        elif piece == "":
            after_dollar = True
        else:
            parts.append("$" + piece)
    return parts
