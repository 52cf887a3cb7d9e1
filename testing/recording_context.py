"""A recording context for tests of agents and tools, which need no Temporal.

ctx = RecordingContext(http_fetch)
output = await fetch(params=..., ctx=ctx)
assert ctx.logs == [...]

It does what a worker does: tool calls are checked by the tool's annotations, log lines are cut to what a history takes,
artifacts need names and media types that can be kept, and after `cancel()` the agent is stopped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from obstore.store import MemoryStore

from wand_orchestrator._signature import CONTEXT
from wand_orchestrator._tool import Tool
from wand_orchestrator.contract.bounds import bounded_json, bounded_text, emitted
from wand_orchestrator.contract.events import Level
from wand_orchestrator.contract.log_level import log_level
from wand_orchestrator.errors import AgentError
from wand_orchestrator.files.artifact_access import Family, read_artifact
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.settings import Settings


class RecordingContext:
    """An AgentContext with real tools that records everything else for the test.

    Code on an event loop awaits tools, `save_artifact` and `read_artifact`. A plain `def` calls them, in a test without
    a loop or in a thread (`await asyncio.to_thread(...)`), as it does in a worker.

    `logs`: (level, message); `log_data`: what else was given to each of them. `reached`: whole percents. `emitted`:
    texts, in order. `artifacts`: (bytes, media type) by name.
    """

    def __init__(self, *tools: Tool, settings: Settings | None = None, node_id: str = "node", attempt: int = 1) -> None:
        self.run_id = "r_test"
        self.node_id = node_id
        self.attempt = attempt
        self.idempotency_key = f"{self.run_id}/{node_id}"
        self.settings = settings or Settings(_env_file=None)
        self.cancelled = False
        self.tools: Mapping[str, Callable[..., Any]] = _Tools({tool.name: partial(self._call, tool) for tool in tools})
        self.logs: list[tuple[Level, str]] = []
        self.log_data: list[dict[str, Any]] = []
        self.reached: list[float] = []
        self.emitted: list[str] = []
        self.artifacts: dict[str, tuple[bytes, str]] = {}
        self._store = ArtifactStore(MemoryStore())

    def cancel(self) -> None:
        """Stop the agent: from now on what it awaits on the context, or as a plain `def` calls on it, raises
        asyncio.CancelledError."""
        self.cancelled = True

    def log(self, message: str, *, level: Level = "info", **data: Any) -> None:
        self._check_if_plain()
        self.logs.append((log_level(level), bounded_text(message)))
        self.log_data.append(bounded_json(data))

    def progress(self, percent: float, message: str = "") -> Awaitable[None]:
        self._check_if_plain()
        self.reached.append(int(min(max(percent, 0), 100)))
        return _Turn(self._check)

    def emit(self, text: str) -> None:
        self._check_if_plain()
        self.emitted.append(emitted(text))

    def save_artifact(self, name: str, data: bytes | str, media_type: str) -> Any:
        return self._done(partial(self._save, name, _bytes(data), media_type))

    def read_artifact(self, reference: str) -> Any:
        return self._done(partial(self._read, reference))

    async def _read(self, reference: str) -> bytes:
        family = Family(self.run_id)
        return await read_artifact(self._store, family, reference, self.settings.max_artifact_read_bytes)

    def add_artifact(
        self, name: str, data: bytes | str, media_type: str = "text/plain", *, node: str = "before"
    ) -> Any:
        """Keep a file for the agent to read, as a node before it would have; gives its URL path, as `save_artifact`."""
        return self._done(partial(self._keep, node, name, _bytes(data), media_type))

    async def _keep(self, node: str, name: str, data: bytes, media_type: str) -> str:
        return (await self._store.save(self.run_id, node, name, data, media_type)).url

    async def _save(self, name: str, data: bytes, media_type: str) -> str:
        url = await self._keep(self.node_id, name, data, media_type)
        self.artifacts[name] = (data, media_type)
        return url

    def _call(self, tool: Tool, *given: Any, **named: Any) -> Any:
        return self._done(partial(self._result, tool, given, named))

    async def _result(self, tool: Tool, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        arguments = tool.call_arguments(given, named)
        if tool.takes_context:
            arguments[CONTEXT] = self
        if tool.is_async:
            return await tool.function(**arguments)
        return await asyncio.to_thread(tool.function, **arguments)

    def _done(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """What `work` gives: to be awaited on a loop, and at once without one."""

        async def checked() -> Any:
            self._check()
            return await work()

        return checked() if _on_a_loop() else asyncio.run(checked())

    def _check_if_plain(self) -> None:
        if not _on_a_loop():
            self._check()

    def _check(self) -> None:
        if self.cancelled:
            raise asyncio.CancelledError


class _Tools(dict[str, Callable[..., Any]]):
    def __missing__(self, name: str) -> NoReturn:
        raise AgentError(
            f"the test did not give the tool {name!r}: write RecordingContext(…) with it; in a worker the agent has to "
            "ask for it with @agent(…, tools=[…])",
            code="tool_not_asked_for",
            retryable=False,
        )


class _Turn:
    """An awaitable whose work is done already; awaiting it raises once the agent is cancelled."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def __await__(self) -> Generator[None, None, None]:
        self._check()
        return asyncio.sleep(0).__await__()


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _on_a_loop() -> bool:
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        return True
    return False
