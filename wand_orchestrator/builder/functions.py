"""The functions of expressions, under their names in docs/expressions.md, over values of a run:
`f.length(page.out.body)`.

`functions.pyi` has their types. An argument that is evaluated for each element is a function: `f.sort_by(pages, lambda
page: page.words)`. Where Python has another use for a name, an underscore follows it (`if_`, `and_`, `or_`, `not_`).
"""

from collections.abc import Callable
from typing import Any

from wand_orchestrator.builder.expression_tree import (
    Filtered,
    ForEach,
    FunctionCall,
    Negation,
    Operation,
    Root,
    Tree,
    roots,
)
from wand_orchestrator.builder.member_types import element_type
from wand_orchestrator.builder.value import BuilderError, Value, tree_of
from wand_orchestrator.graphs.functions import FUNCTIONS
from wand_orchestrator.graphs.functions.function import FunctionSignature


def where(list: Any, condition: Callable[[Any], Any]) -> Any:
    over = tree_of(list)
    return Value(Filtered(over, _for_each(condition, [list])), _type_of(list))


def not_(value: Any) -> Any:
    return Value(Negation(tree_of(value)), bool)


def and_(value: Any, other: Any) -> Any:
    return Value(Operation("&&", tree_of(value), tree_of(other)), _type_of(value))


def or_(value: Any, other: Any) -> Any:
    return Value(Operation("||", tree_of(value), tree_of(other)), _type_of(value))


def __getattr__(name: str) -> Callable[..., Value]:
    """Return the function of expressions with this name."""
    function = FUNCTIONS.get(name.removesuffix("_"))
    if name.startswith("__") or function is None:
        raise AttributeError(f"there is no function {name!r}: docs/expressions.md lists all")
    signature = function.signature

    def call(*arguments: object, **named: object) -> Value:
        given = [*arguments, *_in_order(signature, len(arguments), named)]
        if reason := signature.wrong_count(len(given)):
            raise BuilderError(reason)
        return Value(FunctionCall(signature.name, tuple(_argument(each, given) for each in given)))

    call.__name__ = name
    return call


def _in_order(signature: FunctionSignature, first: int, named: dict[str, object]) -> list[object]:
    """Return the arguments that are given by name, which must follow those before them."""
    rest = [parameter.name for parameter in signature.parameters[first:]][: len(named)]
    if set(rest) != named.keys():
        raise BuilderError(f"{signature.name}() cannot be called so: it is {signature}")
    return [named[name] for name in rest]


def _argument(value: object, given: list[object]) -> Tree:
    if callable(value) and not isinstance(value, Value):
        return ForEach(_for_each(value, given))
    return tree_of(value)


def _for_each(make: Callable[[Any], object], given: list[object]) -> Tree:
    """Return the body of a function of one element of a list that stands among `given`."""
    types = [element_type(_type_of(each)) for each in given]
    body = tree_of(make(Value(Root("element"), next(filter(None, types), None))))
    if next(roots(body), None) is not None:
        raise BuilderError(
            "a function of an element sees the element only: put what else it needs beside it before, as by f.zip(), "
            "or use g.map(…)"
        )
    return body


def _type_of(value: object) -> Any:
    return value._type if isinstance(value, Value) else None
