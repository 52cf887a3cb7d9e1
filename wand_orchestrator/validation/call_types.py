"""Checks the types of a call: whether the arguments may fit, and what the function returns for them."""

from collections.abc import Callable, Sequence

from wand_orchestrator.graphs.functions.function import FunctionSignature
from wand_orchestrator.graphs.functions.value_types import Term, ValueType
from wand_orchestrator.validation.phrases import type_words
from wand_orchestrator.validation.schema_view import ANY, View

Evaluated = Callable[[int, View], View]
"""What the argument at an index, an `&expression`, gives for what it is evaluated on."""


def misfit_of(type: ValueType, view: View) -> str | None:
    """Return what is required and what is given, if no value of the view fits the type; None if one may."""
    names = type.names
    if not names:
        return None
    if not names & view.types:
        return f"{type_words(sorted(names))}, and is {type_words(sorted(view.types))}"
    inner = type.inner_of("array")
    if inner is None or not inner.names or view.types != {"array"}:
        return None
    elements = view.element()
    if not elements.alternatives or _inner_names(type) & elements.types:
        return None
    wanted, given = (type_words(sorted(types)) for types in (_inner_names(type), elements.types))
    return f"a list of which each element is {wanted}, and each is {given}"


def _inner_names(type: ValueType) -> frozenset[str]:
    """Return the types of elements, over all alternatives of the type that are lists."""
    inner = [term.inner.names for term in type.terms if term.inner is not None]
    return frozenset().union(*inner)


class TypeVariables:
    """Binds the type variables of a signature in one call."""

    def __init__(self, signature: FunctionSignature) -> None:
        self._signature = signature
        self._bound: dict[str, View] = {}

    def returned(self, given: Sequence[View | None], evaluated: Evaluated) -> View:
        """Return the view of the result. `given`: the arguments, None for those that are an `&expression`."""
        for index, view in enumerate(given):
            if view is not None:
                for term in self._signature.parameter(index).type.terms:
                    self._bind(term, view)
        for index, view in enumerate(given):
            if view is None:
                expression = self._signature.parameter(index).type.terms[0].inner
                self._bind_all(expression, evaluated(index, self._bound.get("T", ANY)))
        return self._made(self._signature.returns)

    def _bind_all(self, type: ValueType | None, view: View) -> None:
        for term in type.terms if type is not None else ():
            self._bind(term, view)

    def _bind(self, term: Term, view: View) -> None:
        if term.is_variable:
            self._bound[term.name] = self._bound[term.name] | view if term.name in self._bound else view
        elif term.name == "array":
            self._bind_all(term.inner, view.element())
        elif term.name == "object":
            self._bind_all(term.inner, view.value())

    def _made(self, type: ValueType) -> View:
        return View.union([self._made_of(term) for term in type.terms])

    def _made_of(self, term: Term) -> View:
        if term.is_variable:
            bound = self._bound.get(term.name, ANY)
            return bound if bound.alternatives else ANY
        if term.name == "any":
            return ANY
        if term.inner is None:
            return View.typed(term.name)
        inner = self._made(term.inner)
        return View.list_of(inner) if term.name == "array" else View.object_of(inner)
