"""Puts the agents and tools of a test in the place of real ones."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter

from wand_orchestrator._agent import Agent, agent
from wand_orchestrator._tool import Tool, tool
from wand_orchestrator.plugins import Registry

Source = Agent | Tool | ModuleType
Given = Mapping[str, Any] | Iterable[Source]


def with_stand_ins(registry: Registry, agents: Given, tools: Given, internal: Iterable[Agent]) -> Registry:
    """Return the registry with these agents and tools, in place of those that have their names. Raises PluginError.

    By name stand an Agent or Tool, a function, or any other value, which is what is always returned.
    """
    given = [*_sources(agents, registry.agents, agent), *_sources(tools, registry.tools, tool)]
    own = Registry.of(*(source for source in given if not isinstance(source, Agent) or not source.tools))
    asking = [source for source in given if isinstance(source, Agent) and source.tools]
    joined = Registry(
        agents={**registry.agents, **own.agents, **{each.name: each for each in asking}},
        tools={**registry.tools, **own.tools},
        internal={**registry.internal, **own.internal, **{each.name: each for each in internal}},
    )
    joined._require_tools()
    return joined


def _sources(given: Given, known: Mapping[str, Any], decorate: Callable[[str], Callable[..., Any]]) -> list[Source]:
    if not isinstance(given, Mapping):
        return list(given)
    return [_stand_in(name, value, known.get(name), decorate) for name, value in given.items()]


def _stand_in(name: str, value: Any, known: Any, decorate: Callable[[str], Callable[..., Any]]) -> Source:
    if isinstance(value, Agent | Tool):
        return replace(value, name=name)
    if callable(value):
        made: Source = decorate(name)(value)
        return made

    async def always(**_: Any) -> Any:
        return value

    if isinstance(known, Agent | Tool):  # it takes and returns what the real one does, so that is checked
        return replace(known, function=always, is_async=True, takes_context=False)
    return _tool(name, always) if decorate is tool else _agent(name, always)


def _agent(name: str, always: Callable[..., Any]) -> Agent:
    """Return an agent that takes any params and any input."""

    @agent(name)
    async def stand_in(params: dict[str, Any], input: dict[str, Any]) -> Any:
        """Returns what the test says."""
        return await always()

    return stand_in


def _tool(name: str, always: Callable[..., Any]) -> Tool:
    """Return a tool that takes any arguments."""

    @tool(name)
    async def stand_in() -> Any:
        """Returns what the test says."""
        return await always()

    def collect(**arguments: Any) -> dict[str, Any]:
        return arguments

    taken: TypeAdapter[Any] = TypeAdapter(collect)  # type: ignore[arg-type]  # pydantic takes functions, its types do not
    anything = {"type": "object", "properties": {}}
    return replace(stand_in, function=always, arguments_type=taken, params_schema=anything)
