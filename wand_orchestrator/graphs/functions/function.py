"""Defines a function of expressions: its signature, description, examples and code.

Evaluation, inference and documentation read the same entry, so that a function cannot be typed or described otherwise
than it works.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from jmespath.exceptions import JMESPathTypeError

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.functions.value_types import EXPRESSION, ValueType, read_type, type_name
from wand_orchestrator.graphs.json_values import MAX_INTEGER_BITS, NotJson, take_text

_SIGNATURE = re.compile(r"(\w+)\((.*)\) -> (.+)")
_PARAMETER = re.compile(r"(\*?)(\w+)(\??): ([^,]+)")


class Example(NamedTuple):
    """An example: `expression` over `value` returns `result`."""

    expression: str
    value: Any
    result: Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function. `repeats`: it accepts one or more arguments, and is the last one."""

    name: str
    type: ValueType
    optional: bool = False
    repeats: bool = False

    def __str__(self) -> str:
        return f"{self.name}{'…' if self.repeats else ''}{'?' if self.optional else ''}: {self.type}"


@dataclass(frozen=True, slots=True)
class FunctionSignature:
    name: str
    parameters: tuple[Parameter, ...]
    returns: ValueType

    @property
    def least(self) -> int:
        """The minimum number of arguments."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def most(self) -> float:
        return math.inf if self.parameters and self.parameters[-1].repeats else len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        """Return the parameter of the argument at this index, which must be a possible one."""
        return self.parameters[min(index, len(self.parameters) - 1)]

    def wrong_count(self, given: int) -> str | None:
        """Return a message if this is a wrong number of arguments; None if it is right."""
        if self.least <= given <= self.most:
            return None
        wanted = f"at least {self.least}" if self.most == math.inf else f"{self.least}"
        if self.least < self.most < math.inf:
            wanted = f"{self.least} to {self.most}"
        plural = "" if self.least == self.most == 1 or wanted == "at least 1" else "s"
        return f"{self.name}() takes {wanted} argument{plural}, and is given {given}"

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))}) → {self.returns}"


@dataclass(frozen=True, slots=True)
class Call:
    """Contains what a function may use besides its arguments."""

    budget: Budget
    now: datetime | None

    def scan(self, *texts: str) -> None:
        """Take the steps of reading the texts. Raises Exceeded."""
        for text in texts:
            self.budget.take(len(text) // (64 if text.isascii() else 16))

    def search(self, text: str, part: str) -> None:
        """Take the steps of searching the text for the part. Raises Exceeded."""
        self.scan(text)
        self.budget.take(len(text) * min(len(part), 64) // 256)

    def build_text(self, length: int, *sources: str) -> None:
        """Count the cost of building a text of so many characters from the sources. Raises Exceeded."""
        wide = not all(source.isascii() for source in sources)
        self.budget.build_text(length * (4 if wide else 1))
        self.budget.take(length // 256)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of expressions. `run`: None for jmespath's own functions, and for `if`, which the interpreter
    evaluates.
    """

    signature: FunctionSignature
    group: str
    sentence: str
    examples: tuple[Example, ...]
    run: Callable[..., Any] | None = None
    literals: Mapping[str, Callable[[str], object]] = field(default_factory=dict)
    """By parameter: raises ValueError for a text that this argument can never be, whatever the others are."""

    @property
    def name(self) -> str:
        return self.signature.name

    def __call__(self, call: Call, arguments: Sequence[Any]) -> Any:
        """Call the function. Raises ValueError, JMESPathTypeError, NotJson and Exceeded."""
        if (wrong := self.signature.wrong_count(len(arguments))) is not None:
            raise ValueError(wrong)
        for index, argument in enumerate(arguments):
            _check(self.name, self.signature.parameter(index).type, argument, call.budget)
        assert self.run is not None
        return _checked(self.name, self.run(call, *map(_callable, arguments)))


def read_signature(text: str) -> FunctionSignature:
    """Reads `name(text: string, count?: number, *others: any) -> array[string]`.

    `?`: may be left out; `*`: one or more.
    """
    found = _SIGNATURE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no signature")
    name, parameters, returns = found.groups()
    return FunctionSignature(
        name,
        tuple(
            Parameter(name, read_type(type), optional=bool(optional), repeats=bool(repeats))
            for repeats, name, optional, type in _PARAMETER.findall(parameters)
        ),
        read_type(returns),
    )


def _check(name: str, type: ValueType, value: Any, budget: Budget) -> None:
    if not type.admits(value):
        raise JMESPathTypeError(name, None, type_name(value), sorted(type.names))
    if isinstance(value, str):
        take_text(len(value), budget)
    elif isinstance(value, list):
        budget.take(len(value))
        _check_elements(name, type, value)
    elif isinstance(value, dict):
        budget.take(len(value))


def _check_elements(name: str, type: ValueType, elements: list[Any]) -> None:
    inner = type.inner_of("array")
    for element in elements if inner is not None and inner.names else ():
        if inner is not None and not inner.admits(element):
            raise JMESPathTypeError(name, None, f"array[{type_name(element)}]", [str(type)])


def _callable(argument: Any) -> Any:
    if type_name(argument) != EXPRESSION:
        return argument
    return lambda value: argument.visit(argument.expression, value)


def _checked(name: str, result: Any) -> Any:
    if isinstance(result, float) and not math.isfinite(result):
        raise NotJson(f"{name}() gives {result}, and JSON has no such number")
    if isinstance(result, int) and result.bit_length() > MAX_INTEGER_BITS:
        raise NotJson(f"{name}() gives a number with thousands of digits")
    return result
