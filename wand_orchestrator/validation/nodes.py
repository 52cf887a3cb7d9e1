"""Checks each node by itself: its type is known, its params fit, and their references can be resolved."""

from collections.abc import Iterator, Mapping
from typing import Any

from wand_orchestrator._agent import Agent
from wand_orchestrator.contract.mcp import McpName, mcp_name
from wand_orchestrator.contract.names import DEFAULT_TASK_QUEUE
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, LLM, MAP
from wand_orchestrator.graphs.node_values import INPUT, ITEMS, PARAMS
from wand_orchestrator.graphs.references import is_reference, looks_at_own_input, reference_key
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.control import check_control, control_view
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.llm_check import KNOWN_BY_NOBODY, Known, LlmCheck
from wand_orchestrator.validation.mcp_types import NOTHING_KNOWN, McpServersKnown
from wand_orchestrator.validation.node_signatures import Kind, Kinds
from wand_orchestrator.validation.outline import NodeOutline
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.own_input import OwnInput
from wand_orchestrator.validation.params import ParamsCheck
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.pointer import Part
from wand_orchestrator.validation.reference_faults import Given, ReferenceCheck, misplaced
from wand_orchestrator.validation.schema_view import ANY, View
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import written

PART_KEYS = frozenset({PARAMS, INPUT})
"""Params of a control node with parts whose references look at the part."""


INPUTS_OF_PARTS = (INPUT, "state")


class NodeCheck:
    """Checks the nodes of one document."""

    def __init__(
        self,
        agents: Mapping[str, Agent],
        kinds: Kinds,
        run_input: Kind | None,
        outputs: Outputs,
        near: Near,
        findings: Findings,
        mcp: McpServersKnown = NOTHING_KNOWN,
        known: Known = KNOWN_BY_NOBODY,
    ) -> None:
        self._mcp = mcp
        self._agents = agents
        self._kinds = kinds
        self._outputs = outputs
        self._near = near
        self._findings = findings
        self._references = ReferenceCheck(run_input, outputs, near, findings)
        self._params = ParamsCheck(agents, outputs, near, findings)
        self._llm = LlmCheck(agents, known, mcp, near, findings)
        self._types = (*agents, *CONTROL_NODES)

    def check(self, node: NodeOutline, own: OwnInput) -> None:
        """Check a node. `own`: what its references see of its input."""
        control = CONTROL_NODES.get(node.type or "")
        if control is not None:
            self._check_control(control, node, own)
            return
        given = self._references.check(node.params, node.params_at, _seen(node.params, own, node))
        if node.type is None:
            return
        self._check_agent(node.type, node, written(node.params), given, ("nodes", node.index, "type"), node.params_at)
        if node.type in self._agents and node.input is not None:
            self._params.check_input(node.type, written(node.input), ("nodes", node.index, "input"))

    def _check_control(self, control: ControlNode, node: NodeOutline, own: OwnInput) -> None:
        at, params = node.params_at, node.params
        of_parts = PART_KEYS if control.names_agent and not is_reference(params) else frozenset()
        elsewhere = of_parts.union(control.expressions)
        top = {key: value for key, value in (params or {}).items() if key not in elsewhere}
        given = self._references.check(top, at, _seen(top, own, node))
        if params is None:
            return
        params = written(params)
        check_control(control, params, at, self._near, self._findings)
        if control is LLM:
            self._check_llm(params, node.params, node, at, own.kind(node.name))
        self._params.check_given(control_view(control), given, at, Code.WRONG_TYPE)
        if control.names_agent:
            self._check_target(node, params, at, self._of_part(control, node, given, own))
        self._check_expressions(control, params, at)

    def _check_llm(self, params: Any, raw: Any, node: NodeOutline, at: tuple[Part, ...], own: Kind | None) -> None:
        """Check what a model is given. `raw`: the params as they stand in the graph, where alone a prompt is a
        template; `own`: what it sees, None if that is unknown.
        """
        if not isinstance(params, dict) or is_reference(params):
            return
        self._llm.check(params, at, node.queue)
        if reference_key(raw) is None and isinstance(prompt := raw.get("prompt"), str):
            self._references.check_template(prompt, (*at, "prompt"), own)

    def _of_part(self, control: ControlNode, node: NodeOutline, given: Given, own: OwnInput) -> OwnInput:
        """Return what the references in the params and the input of a part see."""
        item: View | None = None
        if control is MAP:
            items = given.get((ITEMS,)) or own.views.get(ITEMS)
            item = items.element() if items is not None else None
        return own.of_part(item if item is not None and item.alternatives else ANY, ITEMS if control is MAP else "")

    def _check_target(self, node: NodeOutline, params: dict[str, Any], at: tuple[Part, ...], own: OwnInput) -> None:
        raw = node.params or {}
        given = {
            key: self._references.check(raw[key], (*at, key), _seen(raw[key], own, node))
            for key in PART_KEYS
            if key in raw and not is_reference(raw)
        }
        self._check_keys(node, params, at)
        inner = params.get(PARAMS, {})
        of_agent = inner if isinstance(inner, dict) else None
        inner_at = (*at, PARAMS) if PARAMS in params else at
        for name, named_at in _named_agents(params, at):
            if name == LLM.name:
                check_control(LLM, inner, inner_at, self._near, self._findings)
                self._check_llm(inner, raw.get(PARAMS, {}), node, inner_at, None)
                continue
            self._check_agent(name, node, of_agent, given.get(PARAMS, {}), named_at, inner_at)
            if name in self._agents and isinstance(params.get(INPUT), dict):
                self._params.check_whole_input(name, params[INPUT], given.get(INPUT, {}), (*at, INPUT))

    def _check_keys(self, node: NodeOutline, params: dict[str, Any], at: tuple[Part, ...]) -> None:
        """Refuse empty keys in what becomes the input of a part, as in that of any node."""
        for name in INPUTS_OF_PARTS:
            given = params.get(name)
            if isinstance(given, dict) and "" in given:
                message = f"an input of the parts of {quoted(node.name)} has an empty key: name it"
                self._findings.fault((*at, name, ""), Code.BAD_VALUE, message)

    def _check_agent(
        self,
        name: str,
        node: NodeOutline,
        params: dict[str, Any] | None,
        given: Given,
        named_at: tuple[Part, ...],
        at: tuple[Part, ...],
    ) -> None:
        if name in self._agents:
            if params is not None:
                self._params.check(name, params, given, at)
        elif name in CONTROL_NODES:
            message = f"{quoted(name)} is a control node, and no agent: put it into a stored graph, and name that"
            self._findings.fault(named_at, Code.UNKNOWN_AGENT, message)
        elif (mcp := mcp_name(name)) is not None:
            self._check_mcp(mcp, name, node, named_at)
        elif node.queue in (None, DEFAULT_TASK_QUEUE):
            hint = self._near.hint("agent", name, self._types) or ": `GET /agents` lists those that there are"
            self._findings.fault(named_at, Code.UNKNOWN_AGENT, f"there is no agent {quoted(name)}{hint}")
        else:
            hint = self._near.hint("agent", name, self._types)
            message = (
                f"{quoted(name)} is not known here{hint}; a worker of the queue {quoted(node.queue or '')} must have it"
            )
            self._findings.warn(named_at, Code.UNKNOWN_AGENT, message)

    def _check_mcp(self, mcp: McpName, name: str, node: NodeOutline, at: tuple[Part, ...]) -> None:
        """Tell of a tool of an MCP server that is not known, or cannot be looked up now."""
        unchecked = self._mcp.why_unchecked(mcp)
        if node.queue not in (None, DEFAULT_TASK_QUEUE):
            unchecked = f"a worker of the queue {quoted(node.queue or '')} must have it"
        if unchecked:
            message = f"{quoted(name)} is not checked: {unchecked}"
            self._findings.warn(at, Code.UNKNOWN_AGENT, message)
        elif mcp.tool or mcp.server not in self._mcp.names:
            hint = self._near.hint("agent", name, self._types)
            self._findings.fault(at, Code.UNKNOWN_AGENT, f"{self._mcp.missing(mcp)}{hint}")

    def _check_expressions(self, control: ControlNode, params: dict[str, Any], at: tuple[Part, ...]) -> None:
        """Check the expressions that are evaluated over the output of the node's agent or graph, or over a state of any
        form.
        """
        agent = params.get("agent")
        kind = self._kinds.of_agent(agent) if isinstance(agent, str) else self._kinds.of_graph(params)
        if params.get("state") is not None:
            kind = None
        for name in control.expressions:
            expression = params.get(name)
            if isinstance(expression, dict) and is_reference(expression):
                reason = "expressions are the graph's, and no reference gives them"
                self._findings.fault(
                    (*at, name), misplaced(expression), f"`{name}` must be written in the graph: {reason}"
                )
            elif isinstance(expression, str):
                self._outputs.select(expression, kind, (*at, name))


def _named_agents(params: dict[str, Any], at: tuple[Part, ...]) -> Iterator[tuple[str, tuple[Part, ...]]]:
    """Yield the agents that a control node may run, each with its place."""
    if isinstance(params.get("agent"), str):
        yield params["agent"], (*at, "agent")
    listed = params.get("agents")
    for index, name in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(name, str):
            yield name, (*at, "agents", index)


def _seen(value: Any, own: OwnInput, node: NodeOutline) -> Kind | None:
    """Return what references see of the node's input; None if there is no such reference."""
    return own.kind(node.name) if looks_at_own_input(value) else None
