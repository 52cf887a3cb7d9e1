"""Checks the inputs of nodes: each is one that the node accepts, is provided once, and is provided
if it is required.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from wand_orchestrator.graphs.control_nodes import CONTROL_NODES, GRAPH, MAP, REPEAT
from wand_orchestrator.graphs.node_values import ITEMS
from wand_orchestrator.graphs.references import (
    LITERAL_KEY,
    OWN_KEYS,
    expressions_of,
    is_reference,
    looks_at_own_input,
    reference_key,
    references_in,
)
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.edge_values import EdgeValues
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.node_signatures import Kind, Kinds
from wand_orchestrator.validation.outline import EdgeOutline, NodeOutline, Outline
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.own_input import OwnInput
from wand_orchestrator.validation.phrases import listed, quoted, type_words
from wand_orchestrator.validation.pointer import Part, Path
from wand_orchestrator.validation.reference_faults import ReferenceCheck
from wand_orchestrator.validation.schema_view import NULL, View, type_of
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import written


@dataclass
class Provided:
    """Records what one node is provided with, by the edges into it and by its own `input`.

    `by`: the edge that provides each input first, or what of the node does, as a sentence names it. `whole`: all of it
    is known. `referred`: the keys that references of the node ask for; None where they may ask for any. `seen`: what
    these references see.
    """

    by: dict[str, int | str] = field(default_factory=dict)
    whole: bool = True
    referred: frozenset[str] | None = frozenset()
    seen: OwnInput = field(default_factory=OwnInput)


class InputCheck:
    """Checks what nodes and edges provide in one document, and then which inputs of its nodes nothing provides."""

    def __init__(
        self,
        outline: Outline,
        kinds: Kinds,
        run_input: Kind | None,
        outputs: Outputs,
        near: Near,
        findings: Findings,
    ) -> None:
        self._outline = outline
        self._kinds = kinds
        self._outputs = outputs
        self._near = near
        self._findings = findings
        self._references = ReferenceCheck(run_input, outputs, near, findings)
        self._values = EdgeValues(outline, kinds, run_input)
        self._edges = {edge.index: edge for edge in outline.edges}
        self._firsts: dict[str, list[EdgeOutline]] = {}
        self._provided = {id: Provided(referred=self._referred(node)) for id, node in outline.by_id.items()}

    def check_edges(self) -> None:
        for node in self._outline.by_id.values():
            self._note_own(node)
        for edge in self._outline.edges:
            self._check_edge(edge)

    def check_required(self) -> None:
        for id, node in self._outline.by_id.items():
            self._check_required(node, self._provided[id])

    def own(self, node: NodeOutline) -> OwnInput:
        """Check the `input` of a node, after the edges; return what the references in its params see."""
        provided = self._provided_to(node)
        seen = provided.seen
        if not isinstance(node.input, dict) or is_reference(node.input):
            seen.is_open = True
            if node.input is not None:
                given = self._references.check(node.input, _input_at(node), seen.kind(node.name)).get(())
                self._check_is_object(node, given)
            return seen
        if reference_key(node.input) == LITERAL_KEY:
            seen.see_all({key: self._check_literal(node, key, value) for key, value in written(node.input).items()})
            return seen
        later = [key for key, value in node.input.items() if looks_at_own_input(value)]
        seen.see_all({key: self._check_given(node, key, None) for key in node.input if key not in later})
        if later:
            own = seen.kind(node.name)
            seen.see_all({key: self._check_given(node, key, own) for key in later})
        return seen

    def _check_is_object(self, node: NodeOutline, given: View | None) -> None:
        if given is not None and "object" not in given.types:
            message = f"`input` must be an object, and the reference gives {type_words(sorted(given.types))}"
            self._findings.fault(_input_at(node), Code.INCOMPATIBLE_INPUT, message)

    def _check_given(self, node: NodeOutline, key: str, own: Kind | None) -> View | None:
        """Check one value of the node's own `input`; return what is known of it."""
        assert node.input is not None
        at = (*_input_at(node), key)
        value = node.input[key]
        given = self._references.check(value, at, own)
        view = given.get(()) if is_reference(value) else View.typed(type_of(written(value)))
        # What is written is checked against the schema of an agent, more closely than here.
        judged = is_reference(value) or _has_no_schema(node)
        self._check_taken(node, key, view if judged else None, at)
        return view

    def _check_literal(self, node: NodeOutline, key: str, value: Any) -> View:
        view = View.typed(type_of(value))
        self._check_taken(node, key, view if _has_no_schema(node) else None, (*_input_at(node), key))
        return view

    def _provided_to(self, node: NodeOutline) -> Provided:
        """Return what the node is provided with; unknown for a second node with the same id."""
        if self._outline.by_id.get(str(node.id)) is node:
            return self._provided[str(node.id)]
        return Provided(seen=OwnInput(is_open=True), referred=None)

    def _referred(self, node: NodeOutline) -> frozenset[str] | None:
        referred: set[str] = set()
        for key, text in chain(references_in(node.params), references_in(node.input)):
            for expression in expressions_of(key, text) if key in OWN_KEYS else ():
                fields = self._outputs.fields_of(expression)
                if fields is None:
                    return None
                referred |= fields
        return frozenset(referred)

    def _note_own(self, node: NodeOutline) -> None:
        """Record what the node provides itself, before its edges."""
        provided = self._provided[str(node.id)]
        if node.type == MAP.name and (node.params is None or is_reference(node.params)):
            provided.whole = False
        elif node.type == MAP.name and ITEMS in written(node.params):
            provided.by[ITEMS] = "its `params`"
        if node.input is None or is_reference(node.input):
            provided.whole = False
            return
        for key in written(node.input):
            if key in provided.by:
                message = f"its `params` give `{key}` already: give it once"
                self._findings.fault((*_input_at(node), key), Code.DUPLICATE_INPUT, message)
            provided.by[key] = "its own `input`"

    def _check_edge(self, edge: EdgeOutline) -> None:
        target = self._outline.by_id.get(edge.target) if edge.target is not None else None
        at: tuple[Part, ...] = ("edges", edge.index)
        giver = self._values.of(edge)
        if edge.when is not None and not edge.is_otherwise:
            self._outputs.select(edge.when, giver, (*at, "when"))
        if target is not None and target.join == "first":
            self._firsts.setdefault(str(target.id), []).append(edge)
        if edge.map is None and target is not None:
            self._provided[str(target.id)].whole = False
            self._provided[str(target.id)].seen.is_open = True
        for key, expression in (edge.map or {}).items():
            given = self._given(expression, edge, giver, (*at, "map", key))
            if target is not None:
                self._check_once(target, key, edge)
                self._check_taken(target, key, given, (*at, "map", key))
                self._provided[str(target.id)].seen.see(key, given, always=target.join == "all")

    def _given(self, expression: Any, edge: EdgeOutline, giver: Kind | None, at: Path) -> View | None:
        """Return what the expression may return, if that is known; also null, if the source may fail and the run goes
        on.
        """
        if not isinstance(expression, str):
            return None
        given = self._outputs.select(expression, giver, at)
        return given | NULL if given is not None and self._values.may_be_null(edge) else given

    def _check_once(self, target: NodeOutline, key: str, edge: EdgeOutline) -> None:
        first = self._provided[str(target.id)].by.setdefault(key, edge.index)
        if first != edge.index and not self._are_alternatives(target, first, edge):
            giver = first if isinstance(first, str) else f"edge {first}"
            message = f"{giver} provides the input {quoted(key)} of {quoted(target.name)} already: map one of them"
            self._findings.fault(("edges", edge.index, "map", key), Code.DUPLICATE_INPUT, message)

    def _are_alternatives(self, target: NodeOutline, first: int | str, edge: EdgeOutline) -> bool:
        """Return whether at most one of the two maps anything into the target's input."""
        if isinstance(first, str):
            return False
        return target.join == "first" or self._values.exclude_one_another(self._edges[first], edge)

    def _check_taken(self, target: NodeOutline, key: str, given: View | None, at: tuple[Part, ...]) -> None:
        if not key:
            message = f"an input of {quoted(target.name)} has an empty key: name it"
            self._findings.fault(at, Code.BAD_VALUE, message)
            return
        kind = self._kinds.of(target)
        if kind is None:
            return
        referred = self._provided[str(target.id)].referred
        if not kind.input.takes(key):
            if referred is None or key in referred:
                return
            takes = f": it takes {listed(kind.input.keys)}" if kind.input.keys else ": it takes none"
            hint = self._near.hint(f"input of {kind.name}", key, kind.input.keys) or takes
            message = f"{quoted(target.name)} ({kind.name}) takes no input {quoted(key)}{hint}"
            self._findings.fault(at, Code.UNKNOWN_INPUT, message)
        elif given is not None and not (wanted := kind.input.field(key)).is_met_by(given):
            message = (
                f"the input {quoted(key)} of {quoted(target.name)} ({kind.name}) must be "
                f"{type_words(sorted(wanted.types))}, and the expression gives {type_words(sorted(given.types))}"
            )
            self._findings.fault(at, Code.INCOMPATIBLE_INPUT, message)

    def _check_required(self, node: NodeOutline, provided: Provided) -> None:
        kind = self._kinds.of(node)
        if kind is None or not provided.whole:
            return
        wanted = kind.input.requires() - _keys_of_state(node)
        if node.join == "first":
            self._check_each(node, kind, wanted)
            return
        missing = sorted(wanted - provided.by.keys())
        if missing:
            message = f"{quoted(node.name)} ({kind.name}) needs the input {listed(missing)}: map or give it"
            self._findings.fault(("nodes", node.index), Code.MISSING_INPUT, message)

    def _check_each(self, node: NodeOutline, kind: Kind, wanted: Collection[str]) -> None:
        """Check a node that takes the first of its edges: each must provide all that it needs."""
        own = {key for key, giver in self._provided[str(node.id)].by.items() if isinstance(giver, str)}
        for edge in self._firsts.get(str(node.id), ()):
            if missing := sorted(set(wanted) - own - (edge.map or {}).keys()):
                needs = f"{quoted(node.name)} ({kind.name}) needs the input {listed(missing)}"
                message = f"{needs}, and runs with what the first edge maps: map it on this one, too"
                self._findings.fault(("edges", edge.index), Code.MISSING_INPUT, message)


def _has_no_schema(node: NodeOutline) -> bool:
    """Return whether nothing else checks what is written in the node's `input`: neither an agent's schema, nor the
    `input_schema` of a stored graph.
    """
    return node.type in CONTROL_NODES and node.type != GRAPH.name


def _keys_of_state(node: NodeOutline) -> frozenset[str]:
    """Return the keys that each round of a `flow.repeat` with a state is given besides the node's input."""
    state = (node.params or {}).get("state") if node.type == REPEAT.name else None
    return frozenset(state) if isinstance(state, dict) else frozenset()


def _input_at(node: NodeOutline) -> tuple[Part, ...]:
    return ("nodes", node.index, "input")
