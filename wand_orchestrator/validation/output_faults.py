"""Checks what expressions select of the outputs of nodes, as far as their schemas describe them."""

from wand_orchestrator.graphs.expressions import parts_of
from wand_orchestrator.graphs.interpreter import Ast
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.expression_faults import ExpressionProblem, Expressions
from wand_orchestrator.validation.expression_slips import missing_key_slip, silent_slip
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.inference import Impossible, infer
from wand_orchestrator.validation.node_signatures import Kind
from wand_orchestrator.validation.phrases import quoted
from wand_orchestrator.validation.pointer import Path
from wand_orchestrator.validation.schema_view import ANY, View
from wand_orchestrator.validation.suggestions import Near

_WHOLE = frozenset({"current", "value_projection"})
"""Parts of expressions that may take all of what they are evaluated over."""


class Outputs:
    """Checks expressions over outputs, each once for each kind of node."""

    def __init__(self, expressions: Expressions, near: Near, findings: Findings) -> None:
        self._expressions = expressions
        self._near = near
        self._findings = findings
        self._slips: dict[str, str | None] = {}
        self._inferred: dict[tuple[Kind | None, str], View | Impossible] = {}

    def select(self, expression: str, source: Kind | None, at: Path) -> View | None:
        """Return what the expression at this place may return; None if it has a fault or nothing is known of the
        source.

        The findings tell of the fault. Some expressions fit no value: `!a.b` asks true or false for a key.
        """
        tree = self._expressions.read(expression)
        if isinstance(tree, ExpressionProblem):
            self._findings.fault(at, tree.code, tree.message)
            return None
        selected = self._selected(expression, tree, source)
        if isinstance(selected, View):
            if (slip := self._slip(expression, tree)) is not None:
                self._findings.warn(at, Code.EXPRESSION_SLIP, f"in {quoted(expression)}, {slip}")
            return selected if source is not None else None
        given = source.given if source is not None else "any value"
        slip = missing_key_slip(selected.word, expression)
        hint = slip or self._near.hint(given, selected.word, selected.among)
        message = f"{quoted(expression)} does not fit {given}: {selected.reason}{hint}"
        self._findings.fault(at, selected.code, message)
        return None

    def _slip(self, expression: str, tree: Ast) -> str | None:
        if expression not in self._slips:
            self._slips[expression] = silent_slip(tree)
        return self._slips[expression]

    def fields_of(self, expression: str) -> frozenset[str] | None:
        """Return the names of all keys that the expression reads; None if it may read any."""
        tree = self._expressions.read(expression)
        if isinstance(tree, ExpressionProblem):
            return None
        parts, fields = [tree], set()
        while parts:
            part = parts.pop()
            if part["type"] in _WHOLE:
                return None
            if part["type"] == "field":
                fields.add(part["value"])
            parts += parts_of(part)
        return frozenset(fields)

    def _selected(self, expression: str, tree: Ast, source: Kind | None) -> View | Impossible:
        if (source, expression) not in self._inferred:
            try:
                self._inferred[source, expression] = infer(tree, source.output if source is not None else ANY)
            except Impossible as reason:
                self._inferred[source, expression] = reason
        return self._inferred[source, expression]
