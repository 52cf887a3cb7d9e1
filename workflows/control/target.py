"""Runs the target of a control node, an agent or a stored graph, and checks that the node may name it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.node import AgentResult
from wand_orchestrator.graph import Node
from wand_orchestrator.graphs.control_node import Target
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, SubgraphParams
from wand_orchestrator.graphs.node_values import INPUT, PARAMS, for_parts, seen_by_part, taken
from wand_orchestrator.graphs.references import reference_key
from wand_orchestrator.workflows.control.base import Host, PartValues, failure


def require_listed(params: Target | SubgraphParams) -> None:
    """Raise ApplicationError `unlisted_agent` or `unlisted_graph` if the name is not in the node's list."""
    if isinstance(params, Target) and (message := _unlisted("agent", params.agent, params.agents)):
        raise failure("unlisted_agent", message)
    if message := _unlisted("graph", params.graph, params.graphs):
        raise failure("unlisted_graph", message)


def _unlisted(noun: str, name: str | None, names: Sequence[str]) -> str:
    """Return what is wrong with the name; empty if it is listed, or if there is no list."""
    if not names or name is None or name in names:
        return ""
    return bounded_text(f"`{noun}` is {name!r}, and must be one of `{noun}s`: {', '.join(names)}", 1000)


@dataclass(frozen=True)
class TargetRunner:
    """Runs the target of one control node once for each part. `own`: what all parts see of the node's input."""

    host: Host
    node: Node
    target: Target
    own: Mapping[str, Any]

    async def run(self, index: int, item: Any) -> Any:
        """Run the target as the part `<node>[<index>]`, with the limits of the node; return its output."""
        node, target = self.node, self.target
        part = node.model_copy(
            update={"id": f"{node.id}[{index}]", "type": target.agent or node.type, "optional": False}
        )

        async def values() -> PartValues:
            return await self._values(index, item)

        return (await self._run(part, values)).output

    async def _run(self, part: Node, values: Callable[[], Awaitable[PartValues]]) -> AgentResult:
        if self.target.graph is not None:
            return await self.host.run_graph_part(part, self.host.subgraph(self.target.graph), values)
        if self.target.agent in CONTROL_NODES:
            # What the part itself resolves, such as the prompt of a model, it has to see as the graph has it.
            written = {} if reference_key(self.node.params) is not None else self.node.params.get(PARAMS, {})
            return await self.host.run_control_part(part.model_copy(update={"params": written}), values)
        return await self.host.run_agent(part, values)

    async def _values(self, index: int, item: Any) -> PartValues:
        """Return the params and the input of a part; without an `input` in the node's params it is given its item."""
        input = item if isinstance(item, dict) else {"item": item}
        later = for_parts(self.node)
        found = await self.host.resolve(later, seen_by_part(self.own, item, index)) if later else {}
        given = taken(self.node, self.target.agent, found.get(INPUT, input))
        return PartValues(found.get(PARAMS, self.target.params), given)
