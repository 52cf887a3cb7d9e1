"""The decorator `tool`, for named functions that agents call as `ctx.tools[name](...)`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ArgsKwargs

from wand_orchestrator._signature import CONTEXT, JsonSchema, Signature, check_name
from wand_orchestrator.contract.misfits import fields_at_fault
from wand_orchestrator.errors import AgentError


@dataclass(frozen=True, eq=False)
class Tool:
    """A tool in the registry. Calling it calls the plain function, which is handy in its own tests.

    `arguments_type` validates what it is called with, `takes_context` says whether it wants `ctx` besides.
    """

    name: str
    description: str
    function: Callable[..., Any]
    arguments_type: TypeAdapter[Any]
    takes_context: bool
    is_async: bool
    params_schema: JsonSchema
    output_schema: JsonSchema

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def module(self) -> str:
        return self.function.__module__

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return `given` validated by the function's annotations, with defaults. Raises pydantic's ValidationError."""
        validated: dict[str, Any] = self.arguments_type.validate_python(ArgsKwargs((), dict(given)))
        return validated

    def call_arguments(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a call by an agent. A misfit is a mistake in the agent: raises AgentError
        `invalid_tool_call`, which no retry mends."""
        if given:
            raise self._invalid_call("takes its arguments by name only")
        try:
            return self.arguments(named)
        except ValidationError as error:
            raise self._invalid_call(fields_at_fault(error)) from None

    def _invalid_call(self, reason: str) -> AgentError:
        return AgentError(f"{self.name}: {reason}", code="invalid_tool_call", retryable=False)


def tool(name: str) -> Callable[[Callable[..., Any]], Tool]:
    """Make a function a tool that agents ask for by `name`.

    Its annotations give the JSON Schema of its arguments; if it takes `ctx`, it is handed the calling agent's context.
    A plain `def` runs in a thread. Raises PluginError when the signature does not fit.
    """
    check_name("tool", name)

    def decorate(function: Callable[..., Any]) -> Tool:
        signature = Signature.of(function)
        arguments = signature.adapter("arguments", _collector(signature))
        result = signature.adapter("result", signature.returns)
        return Tool(
            name=name,
            description=signature.description,
            function=function,
            arguments_type=arguments,
            takes_context=CONTEXT in signature.parameters,
            is_async=signature.is_async,
            params_schema=signature.input_schema("arguments", arguments),
            output_schema=signature.output_schema(result),
        )

    return decorate


def _collector(signature: Signature) -> Callable[..., dict[str, Any]]:
    """Return a function that takes the tool's arguments except `ctx` and returns them: pydantic validates calls, not
    signatures.
    """

    def collect(**arguments: Any) -> dict[str, Any]:
        return arguments

    parameters = [parameter for name, parameter in signature.parameters.items() if name != CONTEXT]
    by_name = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    collect.__signature__ = inspect.Signature(by_name)  # type: ignore[attr-defined]
    collect.__annotations__ = {parameter.name: parameter.annotation for parameter in by_name}
    return collect
