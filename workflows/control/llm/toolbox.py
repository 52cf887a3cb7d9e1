"""Holds the tools of one `agent.llm`: under which name the model knows each, and what a call of it runs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.mcp import McpTool, McpTools
from wand_orchestrator.contract.model_call import (
    DescribedTool,
    DescribeModel,
    ModelDescription,
    ToolDefinition,
    ToolSource,
)
from wand_orchestrator.graph import Graph
from wand_orchestrator.graphs.control_node import ANY_OBJECT
from wand_orchestrator.graphs.llm_node import LlmParams, ToolChoice
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema
from wand_orchestrator.workflows.control.base import failure

LONGEST_NAME = 64
"""Of a tool, as providers take it."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True)
class LlmTool:
    """A tool as the model knows it. `target`: what it is called in Wand. A call runs the stored graph `graph`, or the
    agent `agent`, with `params` besides what the model gives.
    """

    definition: ToolDefinition
    target: str
    agent: str = ""
    graph: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    arguments_as: str = "input"
    approve: bool = False
    max_calls: int | None = None
    retries: int | None = None

    @property
    def name(self) -> str:
        return self.definition.name

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of its arguments. Raises ApplicationError `unusable_tool`."""
        try:
            return Schema(self.definition.parameters)
        except UnusableSchema as reason:
            raise failure("unusable_tool", f"the schema of the tool {self.target} cannot be used: {reason}") from reason


class Toolbox:
    """The tools of a node by the names that the model calls them by."""

    def __init__(self, tools: Iterable[LlmTool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def get(self, name: str) -> LlmTool | None:
        return self._tools.get(name)

    @property
    def names(self) -> list[str]:
        return list(self._tools)

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        return tuple(tool.definition for tool in self._tools.values())


def asked_of_worker(params: LlmParams) -> DescribeModel:
    """Return what a worker is asked to describe: the model, and the tools of its registry."""
    return DescribeModel(model=params.model, tools=tuple(_source(choice) for choice in _of_worker(params.choices)))


def toolbox_of(
    params: LlmParams, described: ModelDescription, graphs: Mapping[str, Graph], mcp: Mapping[str, McpTools]
) -> Toolbox:
    """Return the tools in the order of the node's `tools`. `graphs`: the stored graphs among them, by name; `mcp`: the
    tools of MCP servers, by server. Raises ApplicationError `unknown_tool` where a server has none of those wanted.
    """
    found: dict[int, list[DescribedTool]] = {}
    for each in described.tools:
        found.setdefault(each.source, []).append(each)
    names: set[str] = set()
    tools: list[LlmTool] = []
    of_worker = 0
    for choice in params.choices:
        if choice.graph is not None:
            tools.append(_of_graph(choice, graphs[choice.graph], names))
        elif choice.mcp is not None:
            tools += [_of_mcp(choice, tool, names) for tool in _selected(choice, mcp[choice.mcp])]
        else:
            tools += [_of_description(choice, each, names) for each in found.get(of_worker, ())]
            of_worker += 1
    return Toolbox(tools)


def _of_worker(tools: Sequence[ToolChoice]) -> Iterable[ToolChoice]:
    return (choice for choice in tools if choice.graph is None and choice.mcp is None)


def _source(choice: ToolChoice) -> ToolSource:
    return ToolSource(kind="tool" if choice.tool else "agent", name=choice.target, params=choice.params)


def _of_graph(choice: ToolChoice, graph: Graph, names: set[str]) -> LlmTool:
    definition = ToolDefinition(
        name=_free_name(choice.name or graph.name, names),
        description=choice.description or f"Runs {graph.name}.",
        parameters=dict(ANY_OBJECT) if graph.input_schema is None else graph.input_schema,
    )
    return LlmTool(
        definition,
        graph.name,
        graph=choice.graph,
        approve=bool(choice.approve),
        max_calls=choice.max_calls,
    )


def _selected(choice: ToolChoice, listed: McpTools) -> list[McpTool]:
    wanted = choice.only or ("*",)
    found = [tool for tool in listed.tools if any(fnmatchcase(tool.name, pattern) for pattern in wanted)]
    if not found:
        asked = f" whose name is {' or '.join(choice.only)}" if choice.only else ""
        raise failure("unknown_tool", bounded_text(f"the MCP server {listed.server} has no tool{asked}", 1000))
    return found


def _of_mcp(choice: ToolChoice, tool: McpTool, names: set[str]) -> LlmTool:
    definition = tool.definition.model_copy(update={"name": _free_name(tool.name, names)})
    return LlmTool(
        definition,
        tool.type,
        agent=tool.type,
        approve=tool.asks_first if choice.approve is None else choice.approve,
        max_calls=choice.max_calls,
    )


def _of_description(choice: ToolChoice, described: DescribedTool, names: set[str]) -> LlmTool:
    own = described.definition
    definition = own.model_copy(
        update={
            "name": _free_name(choice.name or own.name, names),
            "description": choice.description or own.description,
        }
    )
    return LlmTool(
        definition,
        own.name,
        agent=described.agent,
        params=described.params,
        arguments_as=described.arguments_as,
        approve=bool(described.approve if choice.approve is None else choice.approve),
        max_calls=choice.max_calls,
        retries=described.retries,
    )


def _free_name(name: str, names: set[str]) -> str:
    """Return a name that providers take and no other tool of the node has, and add it to `names`."""
    base = plain_name(name)
    free, number = base, 2
    while free in names:
        suffix = f"_{number}"
        free, number = base[: LONGEST_NAME - len(suffix)] + suffix, number + 1
    names.add(free)
    return free


def plain_name(name: str) -> str:
    """Return the name with every character replaced that providers do not take."""
    return _NOT_IN_NAMES.sub("_", name)[:LONGEST_NAME] or "_"
