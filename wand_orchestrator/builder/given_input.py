"""Collects what one node is given: the edges that carry values to it, and the references in its params and input.

A value of a single node becomes a key of the node's input, which an edge maps, and `{"$expr": <key>}` in its place; one
of the run's input becomes `{"$input": …}`. What is made of several values is evaluated over the node's own input.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from wand_orchestrator.builder.expression_tree import Constant, Member, Root, Tree, jmespath, path_root, replaced, roots
from wand_orchestrator.builder.given_values import GivenFields, TemplateText
from wand_orchestrator.builder.node_handle import EdgeFrom
from wand_orchestrator.builder.value import BuilderError, Value, tree_of
from wand_orchestrator.graph import On
from wand_orchestrator.graphs.references import EXPR_KEY, INPUT_KEY, TEMPLATE_KEY

_OWN = Root("own")
_NO_KEY = re.compile(r"\W+", re.ASCII)


@dataclass
class EdgeDraft:
    source: str
    on: On
    when: str | None = None
    map: dict[str, str] = field(default_factory=dict)

    def document(self, target: str) -> dict[str, Any]:
        document: dict[str, Any] = {"from": self.source, "to": target}
        if self.on != "success":
            document["on"] = self.on
        if self.when is not None:
            document["when"] = self.when
        return {**document, "map": self.map} if self.map else document


class GivenInput:
    """What a node is given. `taken`: keys that its agent takes, which nothing else may be called. `prefixed`: whether
    an item with keys of its own hides keys of the input, as in a map, so that they need names of their own.
    """

    def __init__(self, taken: Collection[str] = (), *, prefixed: bool = False) -> None:
        self.edges: list[EdgeDraft] = []
        self.input: dict[str, Any] = {}
        self.hidden: list[str] = []
        self._taken = set(taken)
        self._prefixed = prefixed

    def follow(self, edge: EdgeFrom) -> None:
        """Add an edge; what is mapped to the node from the same source is carried by it."""
        if any((known.source, known.on) == (edge.source, edge.on) for known in self.edges):
            raise BuilderError(
                f"`after` names {edge.source} ({edge.on}) twice: write g.edge(…) for a second edge of it"
            )
        self.edges.append(EdgeDraft(edge.source, edge.on, edge.when, dict(edge.map)))
        self._taken.update(edge.map)

    def give(self, given: Any) -> Any:
        """Hand the node its input, by key or as a whole. Returns what stands as its `input`, None for the keys in
        `self.input`.
        """
        if isinstance(given, Value):
            return self.written(given, "all")
        by_key = _fields(given)
        self._taken.update(by_key)
        for key, value in by_key.items():
            self._give(key, value)
        return None

    def _give(self, key: str, value: Any) -> None:
        source = self._single_source(value)
        if source is not None and source.kind == "outcome":
            self._edge(source).map[key] = jmespath(tree_of(value))
        else:
            self.input[key] = self.written(value, key)

    def written(self, value: Any, hint: str = "value") -> Any:
        """Return the value as JSON, with references in the place of values of a run."""
        if isinstance(value, Value):
            return self._reference(value, hint)
        if isinstance(value, TemplateText):
            return {TEMPLATE_KEY: self.template(value)}
        if isinstance(value, GivenFields | BaseModel | Mapping) or is_dataclass(value):
            return {key: self.written(each, key) for key, each in _fields(value).items()}
        if isinstance(value, list | tuple):
            return [self.written(each, hint) for each in value]
        try:
            return to_jsonable_python(value, by_alias=True)
        except PydanticSerializationError as error:
            raise BuilderError(f"{hint}: {error}") from error

    def template(self, template: TemplateText) -> str:
        """Return the text of a template over the node's own input."""
        return "".join(
            part.replace("{{", "{{ '{{' }}") if isinstance(part, str) else f"{{{{ {self.expression(part)} }}}}"
            for part in template.parts
        )

    def expression(self, tree: Tree) -> str:
        """Return the expression over the node's own input: each path of keys in it is a key of that."""
        return jmespath(replaced(tree, self._own_key))

    def _own_key(self, part: Tree) -> Tree | None:
        root = path_root(part)
        if root is None or root.kind in ("own", "element"):
            return None
        hint = part.key if isinstance(part, Member) else root.source if root.kind == "outcome" else "run_input"
        return Member(_OWN, self._key(root, jmespath(part), hint))

    def _reference(self, value: Value, hint: str) -> Any:
        tree = tree_of(value)
        source = self._single_source(value)
        if isinstance(tree, Constant):
            return tree.value
        if source is None:
            return {EXPR_KEY: self.expression(tree)}
        if source.kind == "input":
            return {INPUT_KEY: jmespath(tree)}
        if source.kind == "own":
            return {EXPR_KEY: jmespath(tree)}
        return {EXPR_KEY: jmespath(Member(_OWN, self._key(source, jmespath(tree), hint)))}

    def _single_source(self, value: Any) -> Root | None:
        """Return the root of an expression that looks at one value only."""
        if not isinstance(value, Value):
            return None
        found = {(root.kind, root.source, root.on): root for root in roots(tree_of(value))}
        return next(iter(found.values())) if len(found) == 1 else None

    def _key(self, root: Root, text: str, hint: str) -> str:
        """Return the key of the node's own input that holds this expression over the root."""
        held: dict[str, Any] = self._edge(root).map if root.kind == "outcome" else self.input
        told: Any = text if root.kind == "outcome" else {INPUT_KEY: text}
        for key, value in held.items():
            if value == told and not (self._prefixed and key not in self.hidden):
                return key
        key = self._free(f"{root.source}_{hint}" if self._prefixed else hint)
        held[key] = told
        return key

    def _free(self, hint: str) -> str:
        stem = _NO_KEY.sub("_", hint).strip("_") or "value"
        key, count = stem, 1
        while key in self._taken:
            count += 1
            key = f"{stem}_{count}"
        self._taken.add(key)
        self.hidden.append(key)
        return key

    def _edge(self, root: Root) -> EdgeDraft:
        for edge in self.edges:
            if (edge.source, edge.on) == (root.source, root.on):
                return edge
        self.edges.append(EdgeDraft(root.source, root.on))
        return self.edges[-1]


def _fields(given: Any) -> dict[str, Any]:
    """Return what is given by key. A model's defaults stay out, as the agent has them, too."""
    if isinstance(given, GivenFields):
        return given.fields
    if isinstance(given, BaseModel):
        return given.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if is_dataclass(given) and not isinstance(given, type):
        return {each.name: getattr(given, each.name) for each in fields(given)}
    if isinstance(given, Mapping) and all(isinstance(key, str) for key in given):
        return dict(given)
    raise BuilderError(f"{given!r} has no keys: give a model, given(Model, …) or an object")
