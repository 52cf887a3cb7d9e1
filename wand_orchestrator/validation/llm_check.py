"""Checks what an `agent.llm` names: its model, its tools, the schema of its answer, and its prompt."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from wand_orchestrator._agent import Agent
from wand_orchestrator.contract.names import DEFAULT_TASK_QUEUE
from wand_orchestrator.graphs.llm_node import LLM_NAME
from wand_orchestrator.graphs.references import is_reference
from wand_orchestrator.models.model_catalog import ModelFault
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema
from wand_orchestrator.validation.mcp_types import McpServersKnown
from wand_orchestrator.validation.phrases import listed, quoted
from wand_orchestrator.validation.pointer import Part
from wand_orchestrator.validation.schema_view import View
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import holds_reference

Place = tuple[Part, ...]


@dataclass(frozen=True)
class Known:
    """Contains what a service knows besides its agents; None for what it does not know.

    `model_fault`: says why a model cannot be called, or None. `tools`: of the registry.
    """

    tools: Collection[str] | None = None
    model_fault: Callable[[str], ModelFault | None] | None = None


KNOWN_BY_NOBODY = Known()


class LlmCheck:
    """Checks such nodes of one document. Of a node with a `queue` of its own another worker has to know the names, so
    what is unknown here is a warning.
    """

    def __init__(
        self, agents: Mapping[str, Agent], known: Known, mcp: McpServersKnown, near: Near, findings: Findings
    ) -> None:
        self._agents = agents
        self._known = known
        self._mcp_servers = None if mcp.unknown else mcp.names
        self._near = near
        self._findings = findings

    def check(self, params: dict[str, Any], at: Place, queue: str | None) -> None:
        """Check params, whatever they hold. `at`: their place."""
        elsewhere = queue not in (None, DEFAULT_TASK_QUEUE)
        self._check_model(params.get("model"), (*at, "model"), elsewhere)
        for index, tool in enumerate(_list(params.get("tools"))):
            self._check_tool(tool, (*at, "tools", index), elsewhere)
        self._check_output(params.get("output"), (*at, "output"))

    def _check_model(self, model: Any, at: Place, elsewhere: bool) -> None:
        if not isinstance(model, str) or self._known.model_fault is None:
            return
        if (fault := self._known.model_fault(model)) is not None:
            self._tell(at, Code(fault.code), fault.message, elsewhere or fault.of_environment)

    def _check_tool(self, tool: Any, at: Place, elsewhere: bool) -> None:
        if isinstance(tool, str):
            self._check_name("tool", tool, at, elsewhere)
        if not isinstance(tool, dict) or is_reference(tool):
            return
        for noun in ("tool", "agent", "mcp"):
            if isinstance(name := tool.get(noun), str):
                self._check_name(noun, name, (*at, noun), elsewhere)
        if isinstance(name := tool.get("agent"), str) and name in self._agents:
            self._check_params(self._agents[name], tool.get("params"), (*at, "params"))

    def _check_name(self, noun: str, name: str, at: Place, elsewhere: bool) -> None:
        known: dict[str, tuple[Collection[str] | None, Code]] = {
            "tool": (self._known.tools, Code.UNKNOWN_TOOL),
            "agent": (self._agents, Code.UNKNOWN_AGENT),
            "mcp": (self._mcp_servers, Code.UNKNOWN_MCP_SERVER),
        }
        names, code = known[noun]
        if names is not None and name not in names:
            self._tell(at, code, self._unknown("MCP server" if noun == "mcp" else noun, name, names), elsewhere)

    def _check_params(self, agent: Agent, params: Any, at: Place) -> None:
        """Check params that the graph gives to an agent, to which the model adds the others."""
        if not isinstance(params, dict) or is_reference(params):
            return
        view = View.of(agent.params_schema, agent.params_schema)
        for key in params:
            if not view.takes(key):
                there = f": it takes {listed(view.keys)}" if view.keys else ": it takes none"
                message = f"{quoted(agent.name)} takes no param {quoted(key)}{there}"
                self._findings.fault((*at, key), Code.UNKNOWN_PARAM, message)

    def _check_output(self, output: Any, at: Place) -> None:
        if not isinstance(output, dict) or holds_reference(output):
            return
        try:
            Schema(output, self._findings.budget).errors(None, self._findings.budget)
        except UnusableSchema as reason:
            self._findings.fault(at, Code.ANSWER_SCHEMA, f"`output` cannot be used: {reason}")

    def _unknown(self, noun: str, name: str, names: Collection[str]) -> str:
        if noun == "agent" and name == LLM_NAME:
            return f"{quoted(name)} is no tool: put it into a stored graph, and name that"
        there = {"agent": ": `GET /agents` lists those that there are", "tool": ": `GET /tools` lists them"}
        hint = self._near.hint(noun, name, names) or there.get(noun, ": `WAND_MCP_CONFIG` names them")
        return f"there is no {noun} {quoted(name)}{hint}"

    def _tell(self, at: Place, code: Code, message: str, elsewhere: bool) -> None:
        (self._findings.warn if elsewhere else self._findings.fault)(at, code, message)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
