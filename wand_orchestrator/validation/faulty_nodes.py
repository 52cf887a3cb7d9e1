"""Finds the nodes that the faults of a graph concern."""

from collections.abc import Mapping, Sequence
from typing import Any

from wand_orchestrator.errors import FaultLike


def faulty_nodes(document: Mapping[str, Any], faults: Sequence[FaultLike]) -> list[str]:
    """Return the ids of the nodes in which a fault stands, and of those to which an edge with a fault leads."""
    found = []
    for fault in faults:
        match fault.pointer.split("/")[1:3]:
            case [("nodes" | "edges") as part, place] if place.isdecimal():
                items = document.get(part)
                item = items[int(place)] if isinstance(items, list) and int(place) < len(items) else None
                if isinstance(item, Mapping):
                    found.append(str(item.get("id" if part == "nodes" else "to")))
    return found
