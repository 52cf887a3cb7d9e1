"""Represents values that are known only in a run: what a node returns, and the input of a run.

A type checker sees the type that the value will have. In this process it is a `Value`, on which keys, indexes,
comparisons, `&`, `|` and arithmetic make expressions. What Python decides at once (`if`, `and`, `for`, `len`, an
f-string) raises BuilderError, which says what to write.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from wand_orchestrator.builder.expression_tree import (
    Constant,
    Element,
    FunctionCall,
    ListOf,
    Member,
    Negation,
    ObjectOf,
    Operation,
    Tree,
    Written,
)
from wand_orchestrator.builder.member_types import element_type, member_of
from wand_orchestrator.errors import WandError


class BuilderError(WandError):
    """A graph is written in a way that makes no expression or no node; the message says what to write."""

    code = "builder"


class Value:
    """A value that is known only in a run. `_type`: its type, as far as it is known."""

    __slots__ = ("_tree", "_type")

    def __init__(self, tree: Tree, type: Any = None) -> None:
        self._tree = tree
        self._type = type

    def __getattr__(self, name: str) -> "Value":
        if name.startswith("__"):
            raise AttributeError(name)
        key, type = member_of(self._type, name)
        return Value(Member(self._tree, key), type)

    def __getitem__(self, key: object) -> "Value":
        if isinstance(key, str):
            return Value(Member(self._tree, key), member_of(self._type, key)[1])
        if isinstance(key, slice):
            return Value(Element(self._tree, key), self._type)
        if isinstance(key, int):
            return Value(Element(self._tree, key), element_type(self._type))
        raise BuilderError(f"{key!r} is neither a key nor an index: write f.get(value, key) for one known in a run")

    def __eq__(self, other: object) -> "Value":  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> "Value":  # type: ignore[override]
        return self._compared("!=", other)

    def __lt__(self, other: object) -> "Value":
        return self._compared("<", other)

    def __le__(self, other: object) -> "Value":
        return self._compared("<=", other)

    def __gt__(self, other: object) -> "Value":
        return self._compared(">", other)

    def __ge__(self, other: object) -> "Value":
        return self._compared(">=", other)

    __hash__ = object.__hash__

    def _compared(self, operator: str, other: object) -> "Value":
        return Value(Operation(operator, self._tree, tree_of(other)), bool)

    def __and__(self, other: object) -> "Value":
        return Value(Operation("&&", self._tree, tree_of(other)), self._type)

    def __rand__(self, other: object) -> "Value":
        return Value(Operation("&&", tree_of(other), self._tree))

    def __or__(self, other: object) -> "Value":
        return Value(Operation("||", self._tree, tree_of(other)), self._type)

    def __ror__(self, other: object) -> "Value":
        return Value(Operation("||", tree_of(other), self._tree))

    def __invert__(self) -> "Value":
        return Value(Negation(self._tree), bool)

    def __add__(self, other: object) -> "Value":
        return _sum(self, other)

    def __radd__(self, other: object) -> "Value":
        return _sum(other, self)

    def __sub__(self, other: object) -> "Value":
        return called("subtract", self, other)

    def __rsub__(self, other: object) -> "Value":
        return called("subtract", other, self)

    def __mul__(self, other: object) -> "Value":
        return called("multiply", self, other)

    def __rmul__(self, other: object) -> "Value":
        return called("multiply", other, self)

    def __truediv__(self, other: object) -> "Value":
        return called("divide", self, other)

    def __rtruediv__(self, other: object) -> "Value":
        return called("divide", other, self)

    def __mod__(self, other: object) -> "Value":
        return called("mod", self, other)

    def __rmod__(self, other: object) -> "Value":
        return called("mod", other, self)

    def __bool__(self) -> bool:
        _known_later("be true or false", "`&`, `|`, f.not_(value) or f.if_(condition, a, b), and `when=` for an edge")

    def __iter__(self) -> NoReturn:
        _known_later("be iterated over", "f.map(lambda each: each.key, value), f.where(value, …), or g.map(…)")

    def __contains__(self, item: object) -> bool:
        _known_later("be searched with `in`", "f.contains(value, item)")

    def __len__(self) -> int:
        _known_later("have a length", "f.length(value)")

    def __format__(self, spec: str) -> str:
        _known_later("be part of a text", 'template("… {} …", value)')

    def __str__(self) -> str:
        _known_later("be made a text", 'f.to_string(value) or template("… {} …", value)')

    def __int__(self) -> int:
        _known_later("be made a number", "f.to_number(value)")

    __float__ = __int__

    def __call__(self, *given: object, **named: object) -> NoReturn:
        raise BuilderError("a value of a run has keys and no methods: write f.<function>(value)")

    def __repr__(self) -> str:
        return f"<a value of a run: {self._tree}>"


def _known_later(what: str, instead: str) -> NoReturn:
    raise BuilderError(f"a value that is known only in a run cannot {what} here: write {instead}")


def _sum(left: object, right: object) -> Value:
    """Return the sum of numbers, or texts one after another."""
    types = [each._type if isinstance(each, Value) else type(each) for each in (left, right)]
    if str in types:
        return called("join", "", [left, right])
    return called("add", left, right)


def called(name: str, *arguments: object) -> Value:
    """Return a call of a function of expressions."""
    return Value(FunctionCall(name, tuple(map(tree_of, arguments))))


def expr(text: str, over: Any) -> Any:
    """Return an expression that is written as JMESPath, over a value: `expr("pages[*].url", search.out)`."""
    return Value(Written(text, tree_of(over)))


def tree_of(value: object) -> Tree:
    """Return the expression of a value, of a constant, or of a list or an object that holds values."""
    if isinstance(value, Value):
        return value._tree
    if not holds_values(value):
        return Constant(value)
    if isinstance(value, Mapping):
        return ObjectOf({str(key): tree_of(each) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return ListOf(tuple(map(tree_of, value)))
    raise BuilderError(f"{type(value).__name__} cannot be part of an expression")


def holds_values(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(holds_values, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_values, value))
    return isinstance(value, Value)
