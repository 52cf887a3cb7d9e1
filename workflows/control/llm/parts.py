"""Names the parts of an `agent.llm`: turns, and the tool calls of each."""

from collections.abc import Iterable

from wand_orchestrator.graph import Node
from wand_orchestrator.workflows.control.base import Part
from wand_orchestrator.workflows.control.llm.toolbox import plain_name


def setup_part(node: Node) -> str:
    return f"{node.id}[tools]"


def listing_part(node: Node, server: str) -> str:
    return f"{node.id}[mcp.{server}]"


def turn_part(node: Node, turn: int) -> str:
    return f"{node.id}[{turn}]"


def call_parts(turn: str, tools: Iterable[str]) -> list[str]:
    """Return the id of the part for each call of a turn, by the tool's name: `write[2].search`, and, where the turn
    calls it again, `write[2].search[1]`. A model may ask for any name.
    """
    counts: dict[str, int] = {}
    parts = []
    for tool in map(plain_name, tools):
        number = counts.get(tool, 0)
        counts[tool] = number + 1
        parts.append(f"{turn}.{tool}[{number}]" if number else f"{turn}.{tool}")
    return parts


def part_of(node: Node, id: str, type: str, label: str, *, retries: int | None = None, rate: str | None = None) -> Part:
    """Return a part of the node with the limits of the node, but for its rate. It is optional: what it means for the
    node that it failed is decided by the loop.
    """
    own = {"id": id, "type": type, "label": label, "optional": True, "takes": None, "execution": None, "rate": rate}
    return Part.model_construct(**{**dict(node), **own, **({} if retries is None else {"retries": retries})})
