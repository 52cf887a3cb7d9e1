"""Infers what a JMESPath expression can return for a value that a schema describes, and finds certain failures.

Whatever is selected of null is null, which is no fault: a node that gives nothing may still be asked.
An alternative (`a || b`), `not_null()`, `!a` and a comparison with null ask whether something is there: what the schema
rules out is no fault in them, unless nothing is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from wand_orchestrator.errors import InternalError
from wand_orchestrator.graphs.functions import FUNCTIONS
from wand_orchestrator.graphs.interpreter import Ast
from wand_orchestrator.validation.call_types import TypeVariables, misfit_of
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.phrases import listed, shortened, type_words
from wand_orchestrator.validation.schema_view import ANY, NULL, View, type_of

ARRAY, BOOLEAN = View.typed("array"), View.typed("boolean")
_ORDERING = frozenset({"lt", "lte", "gt", "gte"})
_ASKING = frozenset({"not_null", "default", "if"})
"""Functions of which an argument may be missing."""


@dataclass(eq=False)
class Impossible(InternalError):
    """The schema excludes the expression. `word`: a key that does not exist, `among`: those that do."""

    reason: str
    code: Code = Code.IMPOSSIBLE_EXPRESSION
    word: str = ""
    among: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__init__(self.reason, code=self.code)


def infer(tree: Ast, view: View) -> View:
    """Return the view of the expression's result. Raises Impossible if it fails on, or selects nothing of, whatever the
    view allows.
    """
    inference = _Inference()
    result = inference.visit(tree, view)
    if inference.tolerated is not None and result.types == NULL.types:
        raise inference.tolerated
    return result


class _Inference:
    """Visits a tree. `tolerated`: the first excluded key for whose existence the expression asks."""

    def __init__(self) -> None:
        self.tolerated: Impossible | None = None
        self._tolerant = 0

    def visit(self, node: Ast, view: View) -> View:
        visit: Callable[[Ast, View], View] = getattr(self, f"_{node['type']}")
        return visit(node, view)

    def _rule_out(self, impossible: Impossible) -> View:
        if not self._tolerant:
            raise impossible
        self.tolerated = self.tolerated or impossible
        return NULL

    def _ask(self, node: Ast, view: View) -> View:
        self._tolerant += 1
        try:
            return self.visit(node, view)
        finally:
            self._tolerant -= 1

    def _chain(self, node: Ast, view: View) -> View:
        for child in node["children"]:
            view = self.visit(child, view)
        return view

    _subexpression = _index_expression = _pipe = _chain

    def _current(self, node: Ast, view: View) -> View:
        return view

    _identity = _current

    def _literal(self, node: Ast, view: View) -> View:
        return View.typed(type_of(node["value"]))

    # Selecting

    def _field(self, node: Ast, view: View) -> View:
        name = node["value"]
        if view.types == NULL.types:
            return NULL
        if not view.takes(name):
            return self._rule_out(_no_field(name, view))
        found = view.field(name)
        return found if name in view.requires() or "null" in found.types else found | NULL

    def _index(self, node: Ast, view: View) -> View:
        return self._elements(view) | NULL

    def _slice(self, node: Ast, view: View) -> View:
        elements = self._elements(view)
        return _with_null(View.list_of(elements) if elements.alternatives else ARRAY, view)

    def _elements(self, view: View) -> View:
        if view.types == NULL.types:
            return NULL
        if "array" not in view.types:
            return self._rule_out(_no_list(view))
        return view.element()

    # Projections

    def _projection(self, node: Ast, view: View) -> View:
        base, right = node["children"]
        flattened = base["type"] == "flatten"
        whole = self.visit(base["children"][0] if flattened else base, view)
        elements = self._elements(whole)
        if flattened and "array" in elements.types:
            others = tuple(element for element in elements.alternatives if element.type != "array")
            elements = elements.element() | View(others)
        return self._projected(right, elements, whole)

    def _filter_projection(self, node: Ast, view: View) -> View:
        base, right, condition = node["children"]
        whole = self.visit(base, view)
        elements = self._elements(whole)
        self._each(condition, elements)
        return self._projected(right, elements, whole)

    def _value_projection(self, node: Ast, view: View) -> View:
        base, right = node["children"]
        whole = self.visit(base, view)
        if not whole.types & {"object", "null"}:
            return self._rule_out(Impossible(f"`*` takes the values of an object, and gets {_words(whole)}"))
        return _with_null(View.list_of(_not_null(self._each(right, whole.value()))), whole, "object")

    def _projected(self, right: Ast, elements: View, whole: View) -> View:
        return _with_null(View.list_of(_not_null(self._each(right, elements))), whole)

    def _each(self, node: Ast, elements: View) -> View:
        """Infer an expression over elements; those of an always empty list may be anything, which is no reason for a
        fault.
        """
        return self.visit(node, elements if elements.alternatives else ANY)

    # Making

    def _multi_select_list(self, node: Ast, view: View) -> View:
        made = View.list_of(View.union([self.visit(child, view) for child in node["children"]]))
        return made | NULL if "null" in view.types else made

    def _multi_select_dict(self, node: Ast, view: View) -> View:
        made = View.object_with({child["value"]: self.visit(child["children"][0], view) for child in node["children"]})
        return made | NULL if "null" in view.types else made

    # Judging

    def _or_expression(self, node: Ast, view: View) -> View:
        left, right = node["children"]
        return self._ask(left, view) | self._ask(right, view)

    def _and_expression(self, node: Ast, view: View) -> View:
        left, right = node["children"]
        return self.visit(left, view) | self.visit(right, view)

    def _not_expression(self, node: Ast, view: View) -> View:
        self._ask(node["children"][0], view)
        return BOOLEAN

    def _comparator(self, node: Ast, view: View) -> View:
        asks = any(child["type"] == "literal" and child["value"] is None for child in node["children"])
        for child in node["children"]:
            (self._ask if asks else self.visit)(child, view)
        return BOOLEAN | NULL if node["value"] in _ORDERING else BOOLEAN

    # Calling

    def _function_expression(self, node: Ast, view: View) -> View:
        signature, arguments = FUNCTIONS[node["value"]].signature, node["children"]
        visit = self._ask if signature.name in _ASKING else self.visit
        given = [None if argument["type"] == "expref" else visit(argument, view) for argument in arguments]
        for index, value in enumerate(given):
            if value is not None and (misfit := misfit_of(signature.parameter(index).type, value)) is not None:
                words = f"argument {index + 1} of {signature.name}() must be {misfit}"
                return self._rule_out(Impossible(words, Code.FUNCTION_ARGUMENTS))
        return TypeVariables(signature).returned(given, partial(self._each_of, arguments))

    def _each_of(self, arguments: list[Ast], index: int, elements: View) -> View:
        """Return the view of `&expression`, the argument at the index, for each of the elements."""
        return self._each(arguments[index]["children"][0], elements)


def _with_null(result: View, whole: View, type: str = "array") -> View:
    """Return the view of a projection, which is null for a value of another type."""
    return result if whole.types == {type} else result | NULL


def _not_null(view: View) -> View:
    """Return the view without null, which projections leave out; any value if nothing else is left."""
    others = tuple(one for one in view.alternatives if one.type != "null")
    return View(others) if others else ANY


def _no_field(name: str, view: View) -> Impossible:
    if "object" in view.types:
        has = f"it has {listed(view.keys)}" if view.keys else "it has no keys"
        return Impossible(f"there is no `{shortened(name)}`: {has}", word=name, among=view.keys)
    return Impossible(f"there is no `{shortened(name)}` in {_words(view)}", word=name)


def _no_list(view: View) -> Impossible:
    return Impossible(f"it takes elements of a list, and gets {_words(view)}")


def _words(view: View) -> str:
    return type_words(sorted(view.types))
