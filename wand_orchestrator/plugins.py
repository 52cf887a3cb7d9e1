"""The agents and tools that this process knows, collected from plug-in modules.

There is no global list: a module-level name that holds an Agent or a Tool is what registers it.
"""

import importlib
import logging
import sys
from asyncio import CancelledError
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import TypeVar

from wand_orchestrator._agent import Agent
from wand_orchestrator._tool import Tool
from wand_orchestrator.errors import PluginError
from wand_orchestrator.settings import Settings

ENTRY_POINT_GROUP = "wand.plugins"

logger = logging.getLogger(__name__)

_Named = TypeVar("_Named", Agent, Tool)


@dataclass(frozen=True)
class Registry:
    """Agents and tools by name; every tool that an agent asks for is there.

    `internal`: agents that only control nodes run. A worker runs them as it runs `agents`, and nobody else sees them.
    """

    agents: Mapping[str, Agent]
    tools: Mapping[str, Tool]
    internal: Mapping[str, Agent] = field(default_factory=dict)

    @classmethod
    def load(cls, settings: Settings) -> "Registry":
        """Load all plug-ins, from installed distributions (entry points) and from `WAND_PLUGINS`.

        Raises PluginError that names the culprit: a module that does not import, a name given twice, an agent whose
        tool is missing.
        """
        found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: (point.name, point.value))
        installed = [_import(point.module, _source(point)) for point in found]
        named = [_import(module, "WAND_PLUGINS") for module in settings.plugin_modules]
        return cls.of(*installed, *named)

    @classmethod
    def of(cls, *sources: Agent | Tool | ModuleType) -> "Registry":
        """Return a registry of these agents and tools, and of those in these modules."""
        contents = [item for source in sources for item in _contents(source)]
        agents = [item for item in contents if isinstance(item, Agent)]
        registry = cls(
            agents=_by_name("agent", (item for item in agents if not item.internal)),
            tools=_by_name("tool", (item for item in contents if isinstance(item, Tool))),
            internal=_by_name("agent", (item for item in agents if item.internal)),
        )
        registry._require_tools()
        return registry

    @property
    def runnable(self) -> Mapping[str, Agent]:
        """Return all agents that a worker runs."""
        return {**self.agents, **self.internal}

    def _require_tools(self) -> None:
        for agent in self.agents.values():
            for name in agent.tools:
                if name not in self.tools:
                    raise PluginError(
                        f"the agent {agent.name!r} in {agent.module} asks for the tool {name!r}, "
                        f"which no plug-in has{_near(name, self.tools)}"
                    )


def _contents(source: Agent | Tool | ModuleType) -> list[Agent | Tool]:
    if not isinstance(source, ModuleType):
        return [source]
    items = [item for item in vars(source).values() if isinstance(item, Agent | Tool)]
    if not items:
        logger.warning("The plug-in module %s has neither an agent nor a tool at module level", source.__name__)
    return items


def _by_name(kind: str, items: Iterable[_Named]) -> Mapping[str, _Named]:
    """Return the objects by name. One object in several modules counts once; two objects under one name are
    an error.
    """
    named: dict[str, _Named] = {}
    for item in items:
        other = named.setdefault(item.name, item)
        if other is not item:
            raise PluginError(
                f"two {kind}s are named {item.name!r}: {_place(other)} and {_place(item)}; rename one of them"
            )
    return MappingProxyType(named)


def _place(item: Agent | Tool) -> str:
    return f"{item.function.__qualname__} in {item.module}"


def _import(module: str, source: str) -> ModuleType:
    """Import the module; what it prints goes to standard error, as standard output may be a document."""
    try:
        with redirect_stdout(sys.stderr):
            return importlib.import_module(module)
    except PluginError as error:
        raise PluginError(f"the plug-in {module} ({source}) cannot be used: {error.message}") from error
    except SystemExit as error:
        called = f"sys.exit({error.code!r})"
        raise PluginError(f"the plug-in {module} ({source}) does not import: it calls {called}") from error
    except (Exception, GeneratorExit, CancelledError) as error:  # the module's code runs, which may raise anything
        raise PluginError(
            f"the plug-in {module} ({source}) does not import: {type(error).__name__}: {error}"
        ) from error


def _source(point: EntryPoint) -> str:
    distribution = point.dist.name if point.dist is not None else "an unknown distribution"
    return f"entry point {point.name!r} of {distribution}"


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
