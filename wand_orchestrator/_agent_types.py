"""Types of the decorator `agent`: the types of an agent's params, input and output, found in its function's signature.

A type checker chooses the first overload that fits. A function takes `params`, `input` and `ctx` by name, may leave out
each of them, and is async or plain, which makes sixteen forms.
"""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, overload

from typing_extensions import TypeVar

if TYPE_CHECKING:
    from wand_orchestrator._agent import Agent, AgentContext

ParamsT = TypeVar("ParamsT", default=Any)
InputT = TypeVar("InputT", default=Any)
OutputT = TypeVar("OutputT", default=Any)

_P = TypeVar("_P", contravariant=True)
_I = TypeVar("_I", contravariant=True)
_R = TypeVar("_R", covariant=True)

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

_Async = Coroutine[Any, Any, R]


class _ParamsInputContext(Protocol[_P, _I, _R]):
    def __call__(self, *, params: _P, input: _I, ctx: "AgentContext") -> _R: ...


class _ParamsInput(Protocol[_P, _I, _R]):
    def __call__(self, *, params: _P, input: _I) -> _R: ...


class _ParamsContext(Protocol[_P, _R]):
    def __call__(self, *, params: _P, ctx: "AgentContext") -> _R: ...


class _InputContext(Protocol[_I, _R]):
    def __call__(self, *, input: _I, ctx: "AgentContext") -> _R: ...


class _Params(Protocol[_P, _R]):
    def __call__(self, *, params: _P) -> _R: ...


class _Input(Protocol[_I, _R]):
    def __call__(self, *, input: _I) -> _R: ...


class _Context(Protocol[_R]):
    def __call__(self, *, ctx: "AgentContext") -> _R: ...


class _Nothing(Protocol[_R]):
    def __call__(self) -> _R: ...


class AgentDecorator(Protocol):
    """The decorator that `agent(name)` returns. What takes no params or no input has None in their place."""

    @overload
    def __call__(self, function: _ParamsInputContext[P, I, _Async[R]], /) -> "Agent[P, I, R]": ...
    @overload
    def __call__(self, function: _ParamsInputContext[P, I, R], /) -> "Agent[P, I, R]": ...
    @overload
    def __call__(self, function: _ParamsInput[P, I, _Async[R]], /) -> "Agent[P, I, R]": ...
    @overload
    def __call__(self, function: _ParamsInput[P, I, R], /) -> "Agent[P, I, R]": ...
    @overload
    def __call__(self, function: _ParamsContext[P, _Async[R]], /) -> "Agent[P, None, R]": ...
    @overload
    def __call__(self, function: _ParamsContext[P, R], /) -> "Agent[P, None, R]": ...
    @overload
    def __call__(self, function: _InputContext[I, _Async[R]], /) -> "Agent[None, I, R]": ...
    @overload
    def __call__(self, function: _InputContext[I, R], /) -> "Agent[None, I, R]": ...
    @overload
    def __call__(self, function: _Params[P, _Async[R]], /) -> "Agent[P, None, R]": ...
    @overload
    def __call__(self, function: _Params[P, R], /) -> "Agent[P, None, R]": ...
    @overload
    def __call__(self, function: _Input[I, _Async[R]], /) -> "Agent[None, I, R]": ...
    @overload
    def __call__(self, function: _Input[I, R], /) -> "Agent[None, I, R]": ...
    @overload
    def __call__(self, function: _Context[_Async[R]], /) -> "Agent[None, None, R]": ...
    @overload
    def __call__(self, function: _Context[R], /) -> "Agent[None, None, R]": ...
    @overload
    def __call__(self, function: _Nothing[_Async[R]], /) -> "Agent[None, None, R]": ...
    @overload
    def __call__(self, function: _Nothing[R], /) -> "Agent[None, None, R]": ...
    @overload
    def __call__(self, function: Callable[..., Any], /) -> "Agent": ...
