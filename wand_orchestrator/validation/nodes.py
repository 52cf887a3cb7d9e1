"""Each node by itself: its type is known, its params fit, and what they take from the run's input can be read."""

from collections.abc import Mapping
from typing import Any

from wand_orchestrator._agent import Agent
from wand_orchestrator.contract.names import DEFAULT_TASK_QUEUE
from wand_orchestrator.graphs.control_node import ControlNode
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.graphs.references import is_reference
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.control import check_control
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.node_signatures import Kinds
from wand_orchestrator.validation.outline import NodeOutline
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.params import ParamsCheck
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.pointer import Part
from wand_orchestrator.validation.reference_faults import ReferenceCheck, misplaced
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import written


class NodeCheck:
    """Checks the nodes of one document."""

    def __init__(
        self, agents: Mapping[str, Agent], kinds: Kinds, outputs: Outputs, near: Near, findings: Findings
    ) -> None:
        self._agents = agents
        self._kinds = kinds
        self._outputs = outputs
        self._near = near
        self._findings = findings
        self._references = ReferenceCheck(outputs, near, findings)
        self._params = ParamsCheck(agents, outputs, near, findings)
        self._types = (*agents, *CONTROL_NODES)

    def check(self, node: NodeOutline) -> None:
        at, params = node.params_at, written(node.params)
        self._references.check(node.params, at, None)
        self._references.check(node.input, ("nodes", node.index, "input"), None)
        if node.type is None:
            return
        control = CONTROL_NODES.get(node.type)
        if control is None:
            self._check_agent(node.type, node, params, ("nodes", node.index, "type"), at)
            if node.type in self._agents and node.input is not None:
                self._params.check_input(node.type, written(node.input), ("nodes", node.index, "input"))
        elif params is not None:
            check_control(control, params, at, self._near, self._findings)
            if control.names_agent:
                self._check_target(node, params, at)
            self._check_expressions(control, params, at)

    def _check_target(self, node: NodeOutline, params: dict[str, Any], at: tuple[Part, ...]) -> None:
        inner, listed = params.get("params", {}), params.get("agents")
        named = [(params.get("agent"), (*at, "agent"))]
        if isinstance(listed, list):
            named += [(name, (*at, "agents", index)) for index, name in enumerate(listed)]
        given = inner if isinstance(inner, dict) else None
        for name, named_at in named:
            if isinstance(name, str):
                self._check_agent(name, node, given, named_at, (*at, "params") if "params" in params else at)

    def _check_agent(
        self,
        name: str,
        node: NodeOutline,
        params: dict[str, Any] | None,
        named_at: tuple[Part, ...],
        at: tuple[Part, ...],
    ) -> None:
        if name in self._agents:
            if params is not None:
                self._params.check(name, params, at)
        elif node.queue in (None, DEFAULT_TASK_QUEUE):
            hint = self._near.hint("agent", name, self._types) or ": `GET /agents` lists those that there are"
            self._findings.fault(named_at, Code.UNKNOWN_AGENT, f"there is no agent {quoted(name)}{hint}")
        else:
            hint = self._near.hint("agent", name, self._types)
            message = (
                f"{quoted(name)} is not known here{hint}; a worker of the queue {quoted(node.queue or '')} must have it"
            )
            self._findings.warn(named_at, Code.UNKNOWN_AGENT, message)

    def _check_expressions(self, control: ControlNode, params: dict[str, Any], at: tuple[Part, ...]) -> None:
        """Those that are evaluated over what the node's agent or graph gives, or over a state of any form."""
        agent = params.get("agent")
        kind = self._kinds.of_agent(agent) if isinstance(agent, str) else self._kinds.of_graph(params.get("graph"))
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
