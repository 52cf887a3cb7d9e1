"""Makes the control nodes of a graph that wait or fail: approvals, events, timers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, overload

from pydantic import TypeAdapter
from typing_extensions import Unpack

from wand_orchestrator.builder.given_input import GivenInput
from wand_orchestrator.builder.node_handle import NodeHandle
from wand_orchestrator.builder.node_making import NodeMaking
from wand_orchestrator.builder.node_options import NodeOptions
from wand_orchestrator.builder.targets import WaitOutput

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741
T = TypeVar("T")
ItemT = TypeVar("ItemT")

JsonSchema = Mapping[str, Any]
FAIL: Any = object()
"""In the place of a default answer: a node that waits too long fails."""


class WaitingMaking(NodeMaking):
    """The nodes that wait or fail of a graph that is being built."""

    @overload
    def approval(
        self,
        id: str,
        *,
        answer: type[T],
        prompt: str = "",
        wait_sec: float | None = None,
        default_answer: T = FAIL,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[T]: ...
    @overload
    def approval(
        self,
        id: str,
        *,
        answer: JsonSchema | None = None,
        prompt: str = "",
        wait_sec: float | None = None,
        default_answer: Any = FAIL,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]: ...
    def approval(
        self,
        id: str,
        *,
        answer: Any = None,
        prompt: str = "",
        wait_sec: float | None = None,
        default_answer: Any = FAIL,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]:
        """Add a node that waits for somebody's answer, at most `wait_sec`: then it fails, or has the default."""
        params = {"prompt": prompt} if not _is_empty(prompt) else {}
        return self._awaiting("flow.approval", id, params, answer, wait_sec, default_answer, options)

    @overload
    def event(
        self,
        id: str,
        name: str,
        *,
        data: type[T],
        count: int,
        wait_sec: float | None = None,
        default_data: list[T] = FAIL,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[list[T]]: ...
    @overload
    def event(
        self,
        id: str,
        name: str,
        *,
        data: type[T],
        wait_sec: float | None = None,
        default_data: T = FAIL,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[T]: ...
    @overload
    def event(
        self,
        id: str,
        name: str,
        *,
        data: JsonSchema | None = None,
        count: int | None = None,
        wait_sec: float | None = None,
        default_data: Any = FAIL,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]: ...
    def event(
        self,
        id: str,
        name: str,
        *,
        data: Any = None,
        count: int | None = None,
        wait_sec: float | None = None,
        default_data: Any = FAIL,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[Any]:
        """Add a node that waits for an event from outside, or for a `count` of them, which are then a list."""
        params = {"name": name} if count is None else {"name": name, "count": count}
        handle = self._awaiting("flow.event", id, params, data, wait_sec, default_data, options)
        return handle if count is None else NodeHandle(id, generic_of(list, schema_of(data)[1]))

    def wait(
        self,
        id: str,
        *,
        seconds: float | None = None,
        until: datetime | str | None = None,
        **options: Unpack[NodeOptions],
    ) -> NodeHandle[WaitOutput]:
        """Add a node that waits so many seconds, or until a moment."""
        params = {"seconds": seconds} if seconds is not None else {"until": until}
        return self._control("flow.wait", id, params, options, WaitOutput)

    def fail(
        self, id: str, code: str, message: str = "", *, details: Any = None, **options: Unpack[NodeOptions]
    ) -> NodeHandle[None]:
        """Add a node that fails with this code, and with it the run, if nothing handles the failure."""
        params: dict[str, Any] = {"code": code}
        if not _is_empty(message):
            params["message"] = message
        if details is not None:
            params["details"] = details
        return self._control("flow.fail", id, params, options)

    def _awaiting(
        self,
        type: str,
        id: str,
        params: dict[str, Any],
        answer: Any,
        wait_sec: float | None,
        default: Any,
        options: NodeOptions,
    ) -> NodeHandle[Any]:
        schema, output = schema_of(answer)
        if schema is not None:
            params["schema"] = schema
        if wait_sec is not None:
            params["timeout_sec"] = wait_sec
        if default is not FAIL:
            params["on_timeout"] = {"answer": default}
        return self._control(type, id, params, options, output)

    def _control(
        self, type: str, id: str, params: Any, options: NodeOptions, output: Any = None, input: Any = None
    ) -> NodeHandle[Any]:
        own = GivenInput()
        self._follow(own, options)
        whole = None if input is None else own.give(input)
        return self._node({"id": id, "type": type}, own, params, whole, options, output)


def schema_of(type: Any) -> tuple[Any, Any]:
    """Return the JSON Schema of a type, and the type; of a schema, it and None."""
    if type is None or isinstance(type, Mapping):
        return type, None
    return TypeAdapter(type).json_schema(), type


def generic_of(generic: Any, argument: Any) -> Any:
    """Return a generic type of what is known of its argument."""
    return generic if argument is None else generic[argument]


def _is_empty(text: Any) -> bool:
    return isinstance(text, str) and not text
