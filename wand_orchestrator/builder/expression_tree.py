"""Represents expressions as trees, and writes them as JMESPath.

A tree ends in roots: the run's input, what an edge of a node is judged on, the node's own input, or an element of a
list. Each is `@` once the tree stands where it is evaluated; `replaced` puts a tree there.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from pydantic_core import to_jsonable_python

from wand_orchestrator.graph import On

RootKind = Literal["input", "outcome", "own", "element"]

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = frozenset({"true", "false", "null", "and", "or", "not", "in", "if", "else"})
"""Keys that the check of slips would read as words of another language."""

_PLAIN_TEXT = re.compile(r"[^'\\`\x00-\x1f]*\Z")
_LOOSE, _OR, _AND, _COMPARED, _TIGHT = range(5)
"""How tightly the parts of an expression hold together, from the loosest."""


@dataclass(frozen=True, eq=False)
class Root:
    """A value that is known only in a run. `source` and `on`: of an outcome, the node and which edges it is for."""

    kind: RootKind
    source: str = ""
    on: On = "success"


@dataclass(frozen=True, eq=False)
class Member:
    of: "Tree"
    key: str


@dataclass(frozen=True, eq=False)
class Element:
    of: "Tree"
    index: int | slice


@dataclass(frozen=True, eq=False)
class Filtered:
    of: "Tree"
    condition: "Tree"


@dataclass(frozen=True, eq=False)
class Operation:
    """`==`, `!=`, `<`, `<=`, `>`, `>=`, `&&` or `||`."""

    operator: str
    left: "Tree"
    right: "Tree"


@dataclass(frozen=True, eq=False)
class Negation:
    of: "Tree"


@dataclass(frozen=True, eq=False)
class FunctionCall:
    name: str
    arguments: tuple["Tree", ...]


@dataclass(frozen=True, eq=False)
class ForEach:
    """The argument `&…` of a function."""

    of: "Tree"


@dataclass(frozen=True, eq=False)
class ListOf:
    items: tuple["Tree", ...]


@dataclass(frozen=True, eq=False)
class ObjectOf:
    items: Mapping[str, "Tree"]


@dataclass(frozen=True, eq=False)
class Constant:
    value: Any


@dataclass(frozen=True, eq=False)
class Written:
    """JMESPath as the caller wrote it, over the value of a tree."""

    text: str
    over: "Tree"


Tree: TypeAlias = (
    Root
    | Member
    | Element
    | Filtered
    | Operation
    | Negation
    | FunctionCall
    | ForEach
    | ListOf
    | ObjectOf
    | Constant
    | Written
)


def children(tree: Tree) -> tuple[Tree, ...]:
    match tree:
        case Member(of) | Element(of) | Negation(of) | ForEach(of) | Written(_, of):
            return (of,)
        case Filtered(of, condition):
            return (of, condition)
        case Operation(_, left, right):
            return (left, right)
        case FunctionCall(_, items) | ListOf(items):
            return items
        case ObjectOf(items):
            return tuple(items.values())
        case _:
            return ()


def roots(tree: Tree) -> Iterator[Root]:
    """Yield the roots of the tree, except elements, which the tree itself binds."""
    if isinstance(tree, Root):
        if tree.kind != "element":
            yield tree
    else:
        for child in children(tree):
            yield from roots(child)


def path_root(tree: Tree) -> Root | None:
    """Return the root of a path of keys, and None for any other tree."""
    while isinstance(tree, Member):
        tree = tree.of
    return tree if isinstance(tree, Root) else None


def replaced(tree: Tree, replacement: Callable[[Tree], Tree | None]) -> Tree:
    """Return the tree with each part, from the top, for which there is a replacement, replaced by it."""
    if (new := replacement(tree)) is not None:
        return new
    return _rebuilt(tree, [replaced(child, replacement) for child in children(tree)])


def _rebuilt(tree: Tree, parts: list[Tree]) -> Tree:
    """Return the tree with these in the place of its children."""
    match tree:
        case Member() | Element() | Negation() | ForEach():
            return replace(tree, of=parts[0])
        case Written():
            return replace(tree, over=parts[0])
        case Filtered():
            return Filtered(*parts)
        case Operation(operator):
            return Operation(operator, *parts)
        case FunctionCall():
            return replace(tree, arguments=tuple(parts))
        case ListOf():
            return ListOf(tuple(parts))
        case ObjectOf(items):
            return ObjectOf(dict(zip(items, parts, strict=True)))
        case _:
            return tree


def jmespath(tree: Tree) -> str:
    """Write the tree as JMESPath, with `@` for its roots."""
    return _written(tree, _LOOSE)


def _written(tree: Tree, least: int) -> str:
    text, strength = _text(tree)
    return text if strength >= least else f"({text})"


def _text(tree: Tree) -> tuple[str, int]:
    """Return the text of a tree, and how tightly its outermost part holds."""
    match tree:
        case Root():
            return "@", _TIGHT
        case Constant(value):
            return _constant(value), _TIGHT
        case Operation():
            return _operation(tree)
        case Written(text, Root()):
            return text, _TIGHT if _KEY.match(text) else _LOOSE
        case Written(text, over):
            return f"{_written(over, _OR)} | {text}", _LOOSE
        case ForEach(body):
            return f"&{_written(body, _OR)}", _LOOSE
        case _:
            return _tight(tree), _TIGHT


def _operation(tree: Operation) -> tuple[str, int]:
    strength = {"||": _OR, "&&": _AND}.get(tree.operator, _COMPARED)
    right = strength if strength < _COMPARED else _TIGHT  # comparisons do not chain
    left = right
    return f"{_written(tree.left, left)} {tree.operator} {_written(tree.right, right)}", strength


def _tight(tree: Tree) -> str:
    match tree:
        case Member(Root(), key):
            return _key(key)
        case Member(of, key):
            return f"{_base(of)}.{_key(key)}"
        case Element(of, index):
            return f"{'' if isinstance(of, Root) else _base(of)}[{_index(index)}]"
        case Filtered(of, condition):
            return f"{'' if isinstance(of, Root) else _base(of)}[?{_written(condition, _LOOSE)}]"
        case Negation(of):
            plain = isinstance(of, Root | FunctionCall) or (isinstance(of, Member) and isinstance(of.of, Root))
            return f"!{_written(of, _TIGHT)}" if plain else f"!({jmespath(of)})"  # `!a.b` is `(!a).b`
        case FunctionCall(name, arguments):
            return f"{name}({', '.join(_written(each, _LOOSE) for each in arguments)})"
        case ListOf(items):
            return f"[{', '.join(_written(each, _LOOSE) for each in items)}]"
        case ObjectOf(items):
            return f"{{{', '.join(f'{_key(key)}: {_written(each, _LOOSE)}' for key, each in items.items())}}}"
    raise TypeError(f"{tree!r} is no expression")


def _base(tree: Tree) -> str:
    """Write what a key or an index follows. What goes on for each element of a list is ended by parentheses."""
    goes_on = isinstance(tree, Filtered) or (isinstance(tree, Element) and isinstance(tree.index, slice))
    return f"({jmespath(tree)})" if goes_on else _written(tree, _TIGHT)


def _key(key: str) -> str:
    return key if _KEY.match(key) and key not in _WORDS else json.dumps(key)


def _index(index: int | slice) -> str:
    if isinstance(index, int):
        return str(index)
    parts = ["" if part is None else str(part) for part in (index.start, index.stop, index.step)]
    return ":".join(parts if index.step is not None else parts[:2])


def _constant(value: Any) -> str:
    if isinstance(value, str) and _PLAIN_TEXT.match(value):
        return f"'{value}'"
    text = json.dumps(to_jsonable_python(value, inf_nan_mode="constants"), ensure_ascii=False)
    return f"`{text.replace('`', chr(92) + 'u0060')}`"
