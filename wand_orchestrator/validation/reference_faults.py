"""Checks references in the params and the input of a node: their form, and their expressions."""

from typing import Any

from wand_orchestrator.graphs.expressions import ExpressionError
from wand_orchestrator.graphs.references import (
    EXPR_KEY,
    INPUT_KEY,
    LITERAL_KEY,
    REFERENCE_KEYS,
    TEMPLATE_KEY,
)
from wand_orchestrator.graphs.templates import Placeholder, template_parts
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.node_signatures import Kind
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.phrases import listed
from wand_orchestrator.validation.pointer import Part
from wand_orchestrator.validation.schema_view import View
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import Found, references

Given = dict[tuple[Part, ...], View]

_TEXT = View.typed("string")


def misplaced(reference: dict[str, Any]) -> Code:
    """Return the fault code of a reference in a place where none is allowed."""
    return Code.INPUT_REFERENCE if INPUT_KEY in reference else Code.REFERENCE


class ReferenceCheck:
    """Checks the references of one document. `run_input`: what is known of the input of its runs."""

    def __init__(self, run_input: Kind | None, outputs: Outputs, near: Near, findings: Findings) -> None:
        self._run_input = run_input
        self._outputs = outputs
        self._near = near
        self._findings = findings

    def check(self, value: Any, at: tuple[Part, ...], own: Kind | None) -> Given:
        """Check the references in a value; return what each may return, by its place in the value.

        `at`: where the value lies; `own`: what references to the node's own input see.
        """
        return {
            found.path: view
            for found in references(value)
            if (view := self._view(found, (*at, *found.path), own)) is not None
        }

    def _view(self, found: Found, place: tuple[Part, ...], own: Kind | None) -> View | None:
        """Return what a reference may return; None if nothing is known."""
        match found.key:
            case "$input":
                return self._outputs.select(found.value[INPUT_KEY], self._run_input, (*place, INPUT_KEY))
            case "$expr":
                return self._outputs.select(found.value[EXPR_KEY], own, (*place, EXPR_KEY))
            case "$template":
                self.check_template(found.value[TEMPLATE_KEY], (*place, TEMPLATE_KEY), own)
                return _TEXT
            case None:
                self._tell(found, place)
        return None

    def check_template(self, text: str, at: tuple[Part, ...], own: Kind | None) -> None:
        """Check a template, of which `own` is what it sees; None if that is unknown."""
        try:
            for part in template_parts(text):
                if isinstance(part, Placeholder):
                    self._outputs.select(part.expression, own, at)
        except ExpressionError as error:
            self._findings.fault(at, Code.EXPRESSION_SYNTAX, error.message)

    def _tell(self, found: Found, place: tuple[Part, ...]) -> None:
        """Report an object that is no valid reference, but has a key like one."""
        keys = [key for key in REFERENCE_KEYS if key in found.value]
        if keys:
            message = f"{listed(keys)} is taken as it stands: to be replaced, it must be text and alone in its object"
            self._findings.warn(place, misplaced(found.value), message)
            return
        [key] = found.value
        if hint := self._near.hint("reference", key, REFERENCE_KEYS):
            message = f"there is no reference `{key}`{hint} What is meant as it stands goes into `{LITERAL_KEY}`"
            self._findings.fault((*place, key), Code.REFERENCE, message)
