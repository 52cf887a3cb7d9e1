"""What the author of an agent or a tool writes: a function with a decorator.

The function's annotations give the JSON Schemas. `params`, `input` and `ctx` are taken by name and each may be left
out; a plain `def` runs in a thread.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import TypeAdapter

from wand_orchestrator.events import Level

JsonSchema = dict[str, Any]


class AgentContext(Protocol):
    """What an agent is handed as `ctx`."""

    @property
    def run_id(self) -> str: ...
    @property
    def node_id(self) -> str: ...
    @property
    def attempt(self) -> int:
        """From 1."""

    @property
    def idempotency_key(self) -> str:
        """The same for all attempts of this node, unlike for any other node or run."""

    @property
    def tools(self) -> Mapping[str, Callable[..., Any]]:
        """The tools that the agent asked for, by name; awaitable in an async agent, plain calls in a sync one."""

    @property
    def cancelled(self) -> bool:
        """Whether the run is being cancelled; a sync agent that loops should look. An async one is cancelled."""

    def log(self, message: str, *, level: Level = "info", **data: Any) -> None:
        """Becomes a `node.log` event."""

    def progress(self, percent: float, message: str = "") -> Awaitable[None]:
        """Becomes a `node.progress` event; 0 to 100. Awaiting it is optional and never waits for the network."""

    def save_artifact(self, name: str, data: bytes | str, media_type: str) -> Any:
        """Keeps a file with the run and gives its URL path; awaitable in an async agent, plain in a sync one."""


@dataclass(frozen=True, eq=False)
class Tool:
    """A named function that agents call as `ctx.tools[name](...)`."""

    name: str
    description: str
    function: Callable[..., Any]
    params_schema: JsonSchema
    output_schema: JsonSchema


@dataclass(frozen=True, eq=False)
class Agent:
    """An agent as the registry keeps it. The adapters validate; the schemas are what `GET /agents` shows.

    `params_type`, `input_type`: None where the function does not take that argument.
    """

    name: str
    description: str
    function: Callable[..., Any]
    tools: tuple[str, ...]
    params_type: TypeAdapter[Any] | None
    input_type: TypeAdapter[Any] | None
    output_type: TypeAdapter[Any]
    takes_context: bool
    is_async: bool
    params_schema: JsonSchema
    input_schema: JsonSchema
    output_schema: JsonSchema
