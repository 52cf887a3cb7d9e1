"""Handles of nodes: what a node of a graph gives to those after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from wand_orchestrator.builder.expression_tree import Member, Root, Tree, jmespath, roots
from wand_orchestrator.builder.value import BuilderError, Value, tree_of
from wand_orchestrator.graph import INPUT_SOURCE, OTHERWISE, On

OutT = TypeVar("OutT", default=Any, covariant=True)


class NodeError:
    """Why a node failed for good."""

    code: str
    message: str
    details: Any
    attempt: int


class Settled(Generic[OutT]):
    """How a node ended: one of both is null."""

    output: OutT
    error: NodeError


@dataclass(frozen=True, eq=False)
class EdgeFrom:
    """An edge from a node to the one that names it in `after`. `when`: JMESPath over what the edge is judged on."""

    source: str
    on: On = "success"
    when: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)


class NodeHandle(Generic[OutT]):
    """A node of a graph. Values of it, handed to another node, become edges."""

    def __init__(self, id: str, output: Any = None) -> None:
        self.id = id
        self._output = output

    @property
    def out(self) -> OutT:
        """The output of the node."""
        return cast(OutT, Value(self._root("success"), self._output))

    @property
    def error(self) -> NodeError:
        """Why the node failed. A node that uses it runs if it did, and the run goes on."""
        return cast(NodeError, Value(Member(self._root("failure"), "error"), NodeError))

    @property
    def settled(self) -> Settled[OutT]:
        """The output or the error. A node that uses it runs either way."""
        return cast(Settled[OutT], Value(self._root("settled")))

    def when(self, condition: bool | str, *, map: Mapping[str, Any] | None = None) -> EdgeFrom:
        """Return an edge that is taken if the condition is true: an expression over this node, or its JMESPath."""
        if isinstance(condition, str):
            return self._edge("success", condition, map)
        if not isinstance(condition, Value):
            raise BuilderError(f"the condition is {condition!r} already now: compare values of the node, {self.id}.out")
        tree = tree_of(condition)
        on = next((root.on for root in roots(tree)), "success")
        return self._edge(on, self._over_this(tree, on), map)

    def otherwise(self, *, on: On = "success", map: Mapping[str, Any] | None = None) -> EdgeFrom:
        """Return an edge that is taken if no other edge of this node with a condition is."""
        return self._edge(on, OTHERWISE, map)

    def on(self, outcome: On, *, map: Mapping[str, Any] | None = None) -> EdgeFrom:
        """Return an edge that is taken on this outcome: `success`, `failure` or `settled`."""
        return self._edge(outcome, None, map)

    def _edge(self, on: On, when: str | None, map: Mapping[str, Any] | None) -> EdgeFrom:
        mapped = {
            key: value if isinstance(value, str) else self._over_this(tree_of(value), on)
            for key, value in (map or {}).items()
        }
        return EdgeFrom(self.id, on, when, mapped)

    def _over_this(self, tree: Tree, on: On) -> str:
        for root in roots(tree):
            if (root.source, root.on) != (self.id, on):
                told = "the run's input" if root.kind == "input" else f"{root.source} ({root.on})"
                raise BuilderError(
                    f"an edge of {self.id} ({on}) sees what that node gives, and this expression is over {told}: "
                    "give both to an agent.transform, and judge its output"
                )
        return jmespath(tree)

    def _root(self, on: On) -> Root:
        return Root("outcome", self.id, on)

    def __repr__(self) -> str:
        return f"<the node {self.id}>"


class StartHandle(NodeHandle[OutT]):
    """The run's input as the source of edges."""

    def __init__(self, input: Any) -> None:
        super().__init__(INPUT_SOURCE, input)

    def _root(self, on: On) -> Root:
        return Root("input", self.id, on)
