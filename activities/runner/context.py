"""The `ctx` of agents and tools: one class for async code on the loop, one for plain code in a thread."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wand_orchestrator._agent import Agent, AgentContext
from wand_orchestrator._signature import CONTEXT
from wand_orchestrator._tool import Tool
from wand_orchestrator.activities.models.model_services import ModelServices
from wand_orchestrator.activities.runner.calls import Calls
from wand_orchestrator.activities.runner.reports import Reports
from wand_orchestrator.contract.bounds import emitted
from wand_orchestrator.contract.events import Level
from wand_orchestrator.contract.log_level import log_level
from wand_orchestrator.errors import AgentError
from wand_orchestrator.files.artifact_access import Family, read_artifact
from wand_orchestrator.files.artifacts import OpenArtifact
from wand_orchestrator.settings import Settings


class SavedArtifact(Protocol):
    @property
    def url(self) -> str:
        """Return the path of the artifact in the API."""


class Artifacts(Protocol):
    """The store that artifacts are saved to."""

    async def save(self, run_id: str, node: str, name: str, data: bytes, media_type: str) -> SavedArtifact:
        """Save a file under the node, so that other nodes can save files of the same name."""

    async def read(self, run_id: str, name: str, node: str | None = None) -> OpenArtifact:
        """Return a file; without `node`, the only one of this name. Raises NotFound, Conflict, Unavailable."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of a node: its identity, and the services that its contexts use. `reads`: runs whose files it may
    read, besides its own."""

    agent: Agent
    reads: tuple[str, ...]
    run_id: str
    node_id: str
    number: int
    idempotency_key: str
    calls: Calls
    reporter: Reports
    artifacts: Artifacts
    tools: Mapping[str, Tool]
    settings: Settings
    models: ModelServices

    @property
    def family(self) -> Family:
        """Return the runs whose files the attempt may read."""
        return Family(self.run_id, self.reads)

    async def read_artifact(self, reference: str) -> bytes:
        """Return the bytes of a file. Raises AgentError, Unavailable."""
        return await read_artifact(self.artifacts, self.family, reference, self.settings.max_artifact_read_bytes)

    def context(self, *, is_async: bool) -> AgentContext:
        """Return the context for the calling code: on the loop nothing may block, in a thread nothing can
        be awaited.
        """
        if self.agent.internal:
            return InternalContext(self)
        return LoopContext(self) if is_async else ThreadContext(self)


class _Context(ABC):
    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.tools: Mapping[str, Callable[..., Any]] = Tools(attempt.agent, attempt.tools, self._bind)

    @property
    def run_id(self) -> str:
        return self._attempt.run_id

    @property
    def node_id(self) -> str:
        return self._attempt.node_id

    @property
    def attempt(self) -> int:
        return self._attempt.number

    @property
    def idempotency_key(self) -> str:
        return self._attempt.idempotency_key

    @property
    def settings(self) -> Settings:
        return self._attempt.settings

    @property
    def cancelled(self) -> bool:
        return self._attempt.calls.cancelled

    def log(self, message: str, *, level: Level = "info", **data: Any) -> None:
        self._attempt.reporter.log(message, log_level(level), data)

    def progress(self, percent: float, message: str = "") -> Awaitable[None]:
        self._attempt.reporter.progress(percent, message)
        return Turn()

    def emit(self, text: str) -> None:
        self._attempt.reporter.emit(emitted(text))

    @abstractmethod
    def _bind(self, tool: Tool) -> Callable[..., Any]:
        """Return the tool as a function for this context."""

    def _arguments(self, tool: Tool, given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments validated by the tool's annotations; a misfit is a bug of the agent, which no retry
        mends.
        """
        arguments = tool.call_arguments(given, named)
        if tool.takes_context:
            arguments[CONTEXT] = self._attempt.context(is_async=tool.is_async)
        return arguments


class LoopContext(_Context):
    """The context of async code, whose slow methods are awaited."""

    async def save_artifact(self, name: str, data: bytes | str, media_type: str) -> str:
        saved = await self._attempt.artifacts.save(self.run_id, self.node_id, name, _bytes(data), media_type)
        return saved.url

    async def read_artifact(self, reference: str) -> bytes:
        return await self._attempt.read_artifact(reference)

    def _bind(self, tool: Tool) -> Callable[..., Any]:
        async def call(*given: Any, **named: Any) -> Any:
            arguments = self._arguments(tool, given, named)
            return await self._attempt.calls.run_from_loop(tool.function, arguments, is_async=tool.is_async)

        return call


class InternalContext(LoopContext):
    """The context of internal agents, which are async: what models need, and every tool of the registry."""

    @property
    def models(self) -> ModelServices:
        return self._attempt.models

    @property
    def family(self) -> Family:
        return self._attempt.family

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Call a tool as an agent that declared it would. Raises AgentError `unknown_tool`, `invalid_tool_call`, and
        what the tool raises.
        """
        tool = self._attempt.tools.get(name)
        if tool is None:
            raise AgentError(f"no plug-in of this worker has the tool {name!r}", code="unknown_tool", retryable=False)
        return await self._bind(tool)(**arguments)


class ThreadContext(_Context):
    """The context of plain code in a thread, whose slow methods block; every method raises once the attempt is
    cancelled.
    """

    def log(self, message: str, *, level: Level = "info", **data: Any) -> None:
        self._attempt.calls.check()
        super().log(message, level=level, **data)

    def progress(self, percent: float, message: str = "") -> Awaitable[None]:
        self._attempt.calls.check()
        return super().progress(percent, message)

    def emit(self, text: str) -> None:
        self._attempt.calls.check()
        super().emit(text)

    def save_artifact(self, name: str, data: bytes | str, media_type: str) -> str:
        file = {"name": name, "data": _bytes(data), "media_type": media_type}
        arguments = {"run_id": self.run_id, "node": self.node_id, **file}
        saved: SavedArtifact = self._attempt.calls.run_from_thread(
            self._attempt.artifacts.save, arguments, is_async=True
        )
        return saved.url

    def read_artifact(self, reference: str) -> bytes:
        arguments = {"reference": reference}
        data: bytes = self._attempt.calls.run_from_thread(self._attempt.read_artifact, arguments, is_async=True)
        return data

    def _bind(self, tool: Tool) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            arguments = self._arguments(tool, given, named)
            return self._attempt.calls.run_from_thread(tool.function, arguments, is_async=tool.is_async)

        return call


class Tools(Mapping[str, Callable[..., Any]]):
    """The tools that the agent declared; using another raises an error that says how to declare it."""

    def __init__(self, agent: Agent, tools: Mapping[str, Tool], bind: Callable[[Tool], Callable[..., Any]]) -> None:
        self._agent = agent
        self._tools = tools
        self._bind = bind

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in self:
            raise AgentError(
                f"the agent {self._agent.name!r} did not ask for the tool {name!r}: "
                f'write @agent("{self._agent.name}", tools=[…, "{name}"])',
                code="tool_not_asked_for",
                retryable=False,
            )
        return self._bind(self._tools[name])

    def __contains__(self, name: object) -> bool:
        return name in self._agent.tools

    def __iter__(self) -> Iterator[str]:
        return iter(self._agent.tools)

    def __len__(self) -> int:
        return len(self._agent.tools)


class Turn:
    """An awaitable that yields to the loop once; unlike a coroutine, it may be left unawaited without a warning."""

    def __await__(self) -> Generator[None, None, None]:
        return asyncio.sleep(0).__await__()


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data
