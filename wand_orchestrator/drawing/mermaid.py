"""Writes a picture as source of Mermaid (https://mermaid.js.org), which code hosts and wikis draw."""

from wand_orchestrator.contract.state import NodeStatus
from wand_orchestrator.drawing.colours import COLOURS, SIGNS
from wand_orchestrator.drawing.one_line import one_line
from wand_orchestrator.drawing.picture import Box, Line, Picture

_ARROWS = {"open": "-->", "taken": "==>", "not taken": "-.->", "perhaps": "-.->"}
_LENGTH = 60
_LENGTHS = (_LENGTH, 24, 10)
_MOST_CHARACTERS = 50_000
"""Mermaid draws no longer source (its `maxTextSize`)."""

_PLAIN = " -_.,/\u00b7\u00d7:"


def mermaid_of(picture: Picture) -> str:
    """Return the picture as a flowchart. Its own names are `n0`, `n1`, …: what the graph calls its nodes stands in
    quotes only, with what Mermaid would take for its syntax written as entities. Texts are cut until Mermaid takes all.
    """
    sources = (_written(picture, length) for length in _LENGTHS)
    return next((source for source in sources if len(source) < _MOST_CHARACTERS), _written(picture, 0))


def _written(picture: Picture, length: int) -> str:
    """Return the source with texts of at most `length` characters; with 0, without those of lines."""
    names = {box.key: f"n{at}" for at, box in enumerate(picture.boxes)}
    lines = [f"%% {_comment(picture)}", "flowchart LR"]
    lines += [f"  {_box(names[box.key], box, length or _LENGTHS[-1])}" for box in picture.boxes]
    lines += [f"  {_line(names, line, length)}" for line in picture.lines]
    lines += [f'  note{at}["{_quoted(note, _LENGTH)}"]:::note' for at, note in enumerate(picture.notes)]
    lines += ["  classDef note fill:none,stroke:none"] if picture.notes else []
    used = sorted({box.status for box in picture.boxes if box.status is not None})
    lines += [f"  classDef {each} {_style(each)}" for each in used]
    if any(box.faulty for box in picture.boxes):
        lines.append("  classDef faulty stroke:#b01c1c,stroke-width:3px")
    return "\n".join(lines) + "\n"


def _style(status: NodeStatus) -> str:
    return f"fill:{COLOURS[status].ground},stroke:{COLOURS[status].ink},color:#171a21"


def _comment(picture: Picture) -> str:
    folded = f", {picture.folded} nodes folded" if picture.folded else ""
    title = "".join(each if each.isalnum() or each in " -_." else "_" for each in one_line(picture.title, _LENGTH))
    return f"{title}{folded}"


def _box(name: str, box: Box, length: int) -> str:
    sign = f"{SIGNS[box.status]} " if box.status else ""
    second = " · ".join(part for part in (box.detail, box.type if box.count == 1 else "") if part)
    text = f"{sign}{_quoted(box.title, length)}" + (f"<br/>{_quoted(second, length)}" if second else "")
    left, right = ('[["', '"]]') if box.count > 1 else ('(["', '"])') if box.sink else ('["', '"]')
    kind = "faulty" if box.faulty else box.status  # Mermaid takes one class behind a node
    return f"{name}{left}{text}{right}" + (f":::{kind}" if kind else "")


def _line(names: dict[str, str], line: Line, length: int) -> str:
    label = f'|"{_quoted(line.label, length)}"|' if line.label and length else ""
    return f"{names[line.source]} {_ARROWS[line.state]}{label} {names[line.target]}"


def _quoted(text: str, length: int) -> str:
    """Everything but letters, digits and a few signs as an entity of Mermaid, by its number."""
    line = one_line(text, length)
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in line)
