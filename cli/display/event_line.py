"""Formats an event as one line."""

from wand_orchestrator.cli.display.output import plain
from wand_orchestrator.contract.events import Event, EventType


def told(event: Event) -> str:
    """Format an event, as in `node.progress fetch: page 3 of 7, 42 %`."""
    parts = [plain(event.message)] if event.message else []
    if event.type is EventType.NODE_PROGRESS:
        parts.append(f"{event.progress} %")
    where = f" {plain(event.node)}" if event.node is not None else ""
    return f"{event.type.value}{where}{': ' if parts else ''}{', '.join(parts)}"
