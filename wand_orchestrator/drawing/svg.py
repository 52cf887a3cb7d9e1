"""Draws a picture as SVG: for light and dark, with a title for screen readers, and with nothing in it that runs."""

from xml.sax.saxutils import escape, quoteattr

from wand_orchestrator.drawing.colours import COLOURS, SIGNS
from wand_orchestrator.drawing.layout import HEIGHT, WIDTH, Layout, laid_out
from wand_orchestrator.drawing.one_line import one_line
from wand_orchestrator.drawing.picture import Box, Line, Picture

_TITLE, _TYPE, _LABEL, _TIP = 20, 28, 24, 300
_ROW, _LEFT, _BELOW_WIDTH, _LEGEND_WIDTH = 22, 24, 400, 118

_STYLE = """text{font:13px system-ui,sans-serif;fill:#171a21}.t{font-weight:600}.d{font-size:11px;fill:#545c6b}
.l{fill:none;stroke:#545c6b;stroke-width:1.3;marker-end:url(#a)}.taken{stroke:#14663a;stroke-width:1.8}
.failure{stroke:#b01c1c}.not{stroke-dasharray:4 4;opacity:.6}.perhaps{stroke-dasharray:10 3}
.e{font-size:10.5px;fill:#545c6b;paint-order:stroke;stroke:#fff;stroke-width:4px}
rect{fill:#fff;stroke:#545c6b;stroke-width:1.2}.g{fill:#fff;stroke:none}.faulty rect{stroke:#b01c1c;stroke-width:2.5}
@media(prefers-color-scheme:dark){text{fill:#e9ecf2}.d,.e{fill:#a3acbc}.g,rect{fill:#181c25}.e{stroke:#181c25}
.l{stroke:#a3acbc}.taken{stroke:#83dca8}.failure,.faulty rect{stroke:#ff9c94}rect{stroke:#a3acbc}}"""


def svg_of(picture: Picture) -> str:
    """Return the picture as an SVG document."""
    layout = laid_out(
        [box.key for box in picture.boxes],
        [(line.source, line.target) for line in picture.lines],
        wide=any(line.label for line in picture.lines),
    )
    below, lines = _below(picture, layout)
    width, height = max(layout.width, _BELOW_WIDTH if lines else 0), layout.height + lines * _ROW
    title = one_line(_title(picture), 400)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title><style>{_STYLE}{_status_styles(picture)}</style>",
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>',
        f'<rect class="g" width="{width}" height="{height}"/>',
        *(_line(line, layout) for line in picture.lines),
        *(_box(box, layout) for box in picture.boxes),
        *below,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _below(picture: Picture, layout: Layout) -> tuple[list[str], int]:
    """Return what stands below the boxes, the statuses of a run and the notes, and how many rows it takes."""
    used = sorted({box.status for box in picture.boxes if box.status is not None})
    in_row = max(1, (max(layout.width, _BELOW_WIDTH) - 2 * _LEFT) // _LEGEND_WIDTH)
    parts = []
    for at, status in enumerate(used):
        x, y = _LEFT + at % in_row * _LEGEND_WIDTH, layout.height + at // in_row * _ROW
        parts.append(
            f'<g class="{status}" transform="translate({x} {y})"><rect width="16" height="14" rx="4"/>'
            f'<text class="s e" x="24" y="11">{SIGNS[status]} {status}</text></g>'
        )
    rows = -(-len(used) // in_row)
    for at, note in enumerate(picture.notes, rows):
        parts.append(f'<text class="d" x="{_LEFT}" y="{layout.height + at * _ROW + 11}">{escape(note)}</text>')
    return parts, rows + len(picture.notes)


def _title(picture: Picture) -> str:
    folded = f", {picture.folded} nodes of it folded" if picture.folded else ""
    return f"The graph {picture.title}{folded}"


def _status_styles(picture: Picture) -> str:
    used = sorted({box.status for box in picture.boxes if box.status is not None})
    light = "".join(
        f".{each} rect{{fill:{COLOURS[each].ground};stroke:{COLOURS[each].ink}}}.{each} .s{{fill:{COLOURS[each].ink}}}"
        for each in used
    )
    dark = "".join(
        f".{each} rect{{fill:{COLOURS[each].dark_ground};stroke:{COLOURS[each].dark_ink}}}"
        f".{each} .s{{fill:{COLOURS[each].dark_ink}}}"
        for each in used
    )
    return f"{light}@media(prefers-color-scheme:dark){{{dark}}}" if used else ""


def _box(box: Box, layout: Layout) -> str:
    x, y = layout.places[box.key]
    classes = " ".join([*([box.status.value] if box.status else []), *(["faulty"] if box.faulty else [])])
    sign = f'<text class="s" x="14" y="22">{SIGNS[box.status]}</text>' if box.status else ""
    detail = " · ".join(part for part in (box.detail, box.type if box.count == 1 else "") if part) or box.type
    told = ", ".join(
        part for part in (box.title, box.status or "", detail, box.reason, "a fault" if box.faulty else "") if part
    )
    behind = f'<rect x="5" y="5" width="{WIDTH}" height="{HEIGHT}" rx="9"/>' if box.count > 1 else ""
    sink = f'<text class="d" x="{WIDTH - 12}" y="22" text-anchor="end">◉</text>' if box.sink else ""
    return (
        f'<g class="{classes}" transform="translate({x} {y})"><title>{escape(one_line(told, _TIP))}</title>{behind}'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="9"/>{sign}'
        f'<text class="t" x="{32 if sign else 12}" y="22">{escape(one_line(box.title, _TITLE))}</text>'
        f'<text class="d" x="12" y="41">{escape(one_line(detail, _TYPE))}</text>{sink}</g>'
    )


def _line(line: Line, layout: Layout) -> str:
    points = _points(line, layout)
    classes = ["l", {"taken": "taken", "not taken": "not", "perhaps": "perhaps", "open": ""}[line.state]]
    classes += ["failure"] if line.on == "failure" and line.state != "not taken" else []
    label = one_line(line.label, _LABEL)
    at = f'x="{(points[0][0] + points[1][0]) // 2}" y="{(points[0][1] + points[1][1]) // 2 - 5}"'
    middle = f'<text class="e" {at} text-anchor="middle">{escape(label)}</text>' if label else ""
    state = "" if line.state == "open" else f", {line.state}"
    tip = one_line(
        "; ".join((f"{line.source} to {line.target}{state}", *(part for part in (line.label, *line.tip) if part))), _TIP
    )
    return (
        f"<g><title>{escape(tip)}</title>"
        f'<path class="{" ".join(each for each in classes if each)}" d="{_path(points)}"/>{middle}</g>'
    )


def _points(line: Line, layout: Layout) -> list[tuple[int, int]]:
    """Where the line begins, the left and the right end of each straight piece, and where it ends."""
    (x, y), (to_x, to_y) = layout.places[line.source], layout.places[line.target]
    bends = layout.bends.get((line.source, line.target), [])
    pieces = [point for left, height in bends for point in ((left, height), (left + WIDTH, height))]
    return [(x + WIDTH, y + HEIGHT // 2), *pieces, (to_x, to_y + HEIGHT // 2)]


def _path(points: list[tuple[int, int]]) -> str:
    """A curve from a box or a straight piece to the next, and lines along the straight pieces."""
    (x, y), *rest = points
    path = f"M{x} {y}"
    for at, (to_x, to_y) in enumerate(rest):
        half = (to_x - x) // 2 if to_x > x else 60
        path += f"C{x + half} {y} {to_x - half} {to_y} {to_x} {to_y}" if at % 2 == 0 else f"L{to_x} {to_y}"
        x, y = to_x, to_y
    return path
