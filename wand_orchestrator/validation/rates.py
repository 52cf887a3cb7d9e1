"""Checks the rates that nodes name: they exist, and they limit something."""

from collections.abc import Collection

from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.outline import NodeOutline, Outline
from wand_orchestrator.validation.phrases import listed, quoted
from wand_orchestrator.validation.suggestions import Near


def check_rates(outline: Outline, rates: Collection[str] | None, near: Near, findings: Findings) -> None:
    """Check the rates of nodes. `rates`: the existing ones; None if they are unknown."""
    for node in outline.nodes:
        if node.rate is None:
            continue
        at = ("nodes", node.index, "rate")
        if (reason := _unusable(node)) is not None:
            findings.fault(at, Code.UNUSABLE_RATE, reason)
        elif rates is not None and node.rate not in rates:
            known = f"`WAND_RATES` sets {listed(sorted(rates))}" if rates else "`WAND_RATES` sets none"
            hint = near.hint("rate", node.rate, rates) if rates else ""
            findings.fault(at, Code.UNKNOWN_RATE, f"there is no rate {quoted(node.rate)}{hint or f': {known}'}")


def _unusable(node: NodeOutline) -> str | None:
    """Return why a rate limits nothing of the node; None if it does."""
    if node.queue is not None:
        return (
            f"a node with a `queue` takes no `rate`: the workers of {quoted(node.queue)} limit it themselves, or its "
            "operator does by `temporal task-queue config set --queue-rps-limit`"
        )
    control = CONTROL_NODES.get(node.type or "")
    runs_agent = control is None or control.calls_tools or (node.params is not None and "agent" in node.params)
    return None if runs_agent else f"{quoted(node.type or '')} runs no agent here: give the `rate` to the nodes that do"
