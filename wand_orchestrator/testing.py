"""For tests of agents and tools: a context that records, so that they are tried without Temporal.

ctx = RecordingContext(http_fetch)
output = await fetch(params=..., ctx=ctx)
assert ctx.logs == [...]
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import Any

from wand_orchestrator.events import Level
from wand_orchestrator.settings import Settings
from wand_orchestrator.tool import Tool


class RecordingContext:
    """An AgentContext for an async agent: real tools, and everything else kept for the test to look at.

    `logs`: (level, message). `reached`: percents. `artifacts`: (bytes, media type) by name.
    """

    def __init__(self, *tools: Tool, settings: Settings | None = None, node_id: str = "node", attempt: int = 1) -> None:
        self.run_id = "r_test"
        self.node_id = node_id
        self.attempt = attempt
        self.idempotency_key = f"{self.run_id}/{node_id}"
        self.settings = settings or Settings(_env_file=None)
        self.cancelled = False
        self.tools: Mapping[str, Callable[..., Any]] = {tool.name: self._bound(tool) for tool in tools}
        self.logs: list[tuple[Level, str]] = []
        self.reached: list[float] = []
        self.artifacts: dict[str, tuple[bytes, str]] = {}

    def log(self, message: str, *, level: Level = "info", **data: Any) -> None:
        self.logs.append((level, message))

    def progress(self, percent: float, message: str = "") -> Awaitable[None]:
        self.reached.append(percent)
        return _Done()

    async def save_artifact(self, name: str, data: bytes | str, media_type: str) -> str:
        self.artifacts[name] = (data.encode() if isinstance(data, str) else data, media_type)
        return f"/runs/{self.run_id}/artifacts/{self.node_id}/{name}"

    def _bound(self, tool: Tool) -> Callable[..., Any]:
        return partial(tool.function, ctx=self) if tool.takes_context else tool.function


class _Done:
    """Awaited or not, it is done."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield
