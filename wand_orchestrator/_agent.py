"""The decorator `agent`, and the context that agents get.

The function's annotations give the JSON Schemas. `params`, `input` and `ctx` are taken by name and each may be left
out; a plain `def` runs in a thread.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol

from pydantic import TypeAdapter

from wand_orchestrator._agent_types import AgentDecorator, InputT, OutputT, ParamsT
from wand_orchestrator._signature import CONTEXT, JsonSchema, Signature, check_name
from wand_orchestrator.contract.events import Level
from wand_orchestrator.settings import Settings

PARAMS = "params"
INPUT = "input"
_NOTHING: JsonSchema = {"type": "object", "properties": {}, "additionalProperties": False}


class AgentContext(Protocol):
    """The argument `ctx` of an agent.

    When the run is cancelled, an async agent is cancelled at its next await. A plain `def` cannot be interrupted: once
    cancelled, everything it calls on `ctx` raises asyncio.CancelledError, and a loop that calls nothing should look at
    `cancelled`. The node counts as cancelled when the agent has really ended.
    """

    @property
    def run_id(self) -> str: ...
    @property
    def node_id(self) -> str: ...
    @property
    def attempt(self) -> int:
        """The number of the attempt, from 1."""
        ...

    @property
    def idempotency_key(self) -> str:
        """A key that is the same for all attempts of this node, and differs from that of any other node or run."""
        ...

    @property
    def settings(self) -> Settings:
        """The settings of the worker: what its operator allows."""
        ...

    @property
    def tools(self) -> Mapping[str, Callable[..., Any]]:
        """The tools that the agent declared, by name; awaitable in an async agent, plain calls in a sync one."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether the run is being cancelled; a sync agent that loops should look. An async one is cancelled."""
        ...

    def log(self, message: str, *, level: Level = "info", **data: Any) -> None:
        """Log a line, which becomes a `node.log` event."""
        ...

    def progress(self, percent: float, message: str = "") -> Awaitable[None]:
        """Report progress from 0 to 100, which becomes a `node.progress` event. Awaiting it is optional and never waits
        for the network.
        """
        ...

    def emit(self, text: str) -> None:
        """Show text while the agent runs: subscribers get it a moment later, as `node.delta` events.

        It follows what was emitted before, and nobody keeps it. An agent that also returns the whole text, as its
        output or under a key of it, has it in the last event of the node, too.
        """
        ...

    def save_artifact(self, name: str, data: bytes | str, media_type: str) -> Any:
        """Save a file with the run and return its URL path; awaitable in an async agent, plain in a sync one."""
        ...

    def read_artifact(self, reference: str) -> Any:
        """Return the bytes of a file of this run, of those above it or of their child runs: by the URL that
        `save_artifact` gave, by `node/name`, or by its name alone. Awaitable in an async agent, plain in a sync one.

        A name is looked for in this run and then in those above it. Raises AgentError `artifact_not_found`,
        `ambiguous_artifact`, `artifact_refused`, `artifact_too_large`.
        """
        ...


@dataclass(frozen=True, eq=False)
class Agent(Generic[ParamsT, InputT, OutputT]):
    """An agent in the registry, with the types of its params, input and output.

    Calling it calls the plain function, which is handy in its own tests.
    The adapters validate; the schemas are what `GET /agents` shows.
    `params_type`, `input_type`: None where the function does not take that argument.
    `local`: it takes milliseconds, and runs as a local activity unless its node says otherwise.
    `internal`: it carries out a part of a control node; no graph can name it, and no list shows it.
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
    local: bool = False
    internal: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def module(self) -> str:
        return self.function.__module__


def agent(name: str, *, tools: Sequence[str] = (), local: bool = False) -> AgentDecorator:
    """Make a function the agent that graphs name as a node's `type`; it may call the `tools` it lists.

    `local=True` is for agents that end within milliseconds on small inputs, such as a reshaping of JSON: they run in
    the workflow's own process, without a way through Temporal's task queues. One that is still at work after two
    seconds is stopped and run again as a regular activity.
    Raises PluginError, naming the function, when its signature does not fit.
    """
    check_name("agent", name)
    return _decorator(name, tools, local)


def internal_agent(name: str) -> Callable[[Callable[..., Any]], Agent]:
    """Make a function an agent that only control nodes run; its name begins with `wand.`."""
    decorate = _decorator(name, (), local=False)
    return lambda function: replace(decorate(function), internal=True)


def _decorator(name: str, tools: Sequence[str], local: bool) -> Callable[[Callable[..., Any]], Agent]:
    wanted = (tools,) if isinstance(tools, str) else tuple(tools)

    def decorate(function: Callable[..., Any]) -> Agent:
        signature = Signature.of(function)
        signature.allow_only((PARAMS, INPUT, CONTEXT))
        params_type, params_schema = _taken(signature, PARAMS)
        input_type, input_schema = _taken(signature, INPUT)
        output_type = signature.adapter("result", signature.returns)
        return Agent(
            name=name,
            description=signature.description,
            function=function,
            tools=wanted,
            params_type=params_type,
            input_type=input_type,
            output_type=output_type,
            takes_context=CONTEXT in signature.parameters,
            is_async=signature.is_async,
            params_schema=params_schema,
            input_schema=input_schema,
            output_schema=signature.output_schema(output_type),
            local=local,
        )

    return decorate


def _taken(signature: Signature, part: str) -> tuple[TypeAdapter[Any] | None, JsonSchema]:
    """Return the validator and the schema of the argument `part`; one that the function does not take admits no key."""
    if part not in signature.parameters:
        return None, dict(_NOTHING)
    annotation = signature.parameters[part].annotation
    adapter = signature.adapter(part, dict[str, Any] if annotation is Any else annotation)
    schema = signature.input_schema(part, adapter)
    if schema.get("type", "object") != "object":
        signature.refuse(
            f"its {part} is of type {schema['type']}, and always comes as an object: use a model or a dict"
        )
    return adapter, schema
