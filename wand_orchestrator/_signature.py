"""Reads the signature of a plug-in's function: its parameters and their types.

Every fault is a PluginError that names the function, raised where the function is decorated.
"""

import inspect
import typing
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import PydanticUserError, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

from wand_orchestrator.contract.mcp import MCP_PREFIX
from wand_orchestrator.errors import PluginError

JsonSchema = dict[str, Any]

CONTEXT = "ctx"
"""The name by which an agent or a tool is handed its context."""

MAX_NAME_BYTES = 200
RESERVED = ("flow.", "wand.", MCP_PREFIX)
"""Control nodes, activities of Wand's own, and tools of MCP servers."""

OF_CONTROL_NODES = ("agent.llm",)
"""Names of control nodes without such a prefix."""

_BY_NAME = frozenset({inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY})


@dataclass(frozen=True)
class Signature:
    """The parameters of a function with resolved annotations; all can be passed by name."""

    label: str
    description: str
    parameters: dict[str, inspect.Parameter]
    returns: Any
    is_async: bool

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Signature":
        if not inspect.isroutine(function):
            raise PluginError(f"{function!r} is not a function: write @agent(name) or @tool(name) above a def")
        label = f"{function.__module__}.{function.__qualname__}"
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise PluginError(f"{label} is a generator: it must return its result, not yield it")
        hints = _hints(function, label)
        parameters = {
            name: parameter.replace(annotation=hints.get(name, Any))
            for name, parameter in inspect.signature(function).parameters.items()
        }
        for parameter in parameters.values():
            if parameter.kind not in _BY_NAME:
                raise PluginError(f"{label}: its parameter {str(parameter).split(':')[0]!r} cannot be given by name")
        return cls(
            label=label,
            description=inspect.cleandoc(function.__doc__ or ""),
            parameters=parameters,
            returns=hints.get("return", Any),
            is_async=inspect.iscoroutinefunction(function),
        )

    def allow_only(self, names: Iterable[str]) -> None:
        """Raise PluginError if the function takes a parameter that is not among `names`."""
        allowed = tuple(names)
        for name in self.parameters:
            if name not in allowed:
                self.refuse(f"takes {name!r}; an agent takes {', '.join(allowed)} by name, each may be left out")

    def adapter(self, part: str, annotation: Any) -> TypeAdapter[Any]:
        """Return a validator for this type; `part` names the annotated part in errors."""
        try:
            return TypeAdapter(annotation)
        except (PydanticUserError, TypeError) as error:
            self.refuse(f"the type of its {part} has no JSON Schema: {_first_line(error)}", error)

    def input_schema(self, part: str, adapter: TypeAdapter[Any]) -> JsonSchema:
        """Return the JSON Schema of values that are validated."""
        try:
            return adapter.json_schema(mode="validation")
        except PydanticInvalidForJsonSchema as error:
            self.refuse(f"the type of its {part} has no JSON Schema: {_first_line(error)}", error)

    def output_schema(self, adapter: TypeAdapter[Any]) -> JsonSchema:
        """Return the JSON Schema of values that are serialized, so that computed fields and aliases count."""
        try:
            return adapter.json_schema(mode="serialization")
        except PydanticInvalidForJsonSchema as error:
            self.refuse(f"the type of its result has no JSON Schema: {_first_line(error)}", error)

    def refuse(self, reason: str, cause: BaseException | None = None) -> NoReturn:
        raise PluginError(f"{self.label}: {reason}") from cause


def _hints(function: Callable[..., Any], label: str) -> dict[str, Any]:
    """Return the annotations as types, also those written as strings."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # an annotation written as a string is code, and may raise anything
        raise PluginError(f"{label}: its annotations cannot be read: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def check_name(kind: str, name: object) -> str:
    """Check the name of an agent or a tool. Raises PluginError."""
    if not isinstance(name, str):
        raise PluginError(f'@{kind} needs a name: write @{kind}("acme.count"), not a bare @{kind}')
    if not name or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES or name != name.strip():
        raise PluginError(
            f"{name[:MAX_NAME_BYTES]!r} is no name for {kind}s: 1 to {MAX_NAME_BYTES} bytes without spaces around them"
        )
    if refused := [character for character in name if not _is_taken(character)]:
        raise PluginError(
            f"{name!r} is no name for {kind}s: {refused[0]!r} can stand neither in a URL nor in the name of an activity"
        )
    if name in OF_CONTROL_NODES:
        raise PluginError(f"{name!r} is no name for {kind}s: it is that of a control node of Wand")
    if name.startswith(RESERVED):
        raise PluginError(
            f"{name!r} is no name for {kind}s: {', '.join(RESERVED)} are the prefixes of what Wand itself runs"
        )
    return name


def _is_taken(character: str) -> bool:
    """Categories C are control characters, half surrogate pairs and what is not assigned; Zl and Zp end a line."""
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp") and character not in "/\\?#%"
