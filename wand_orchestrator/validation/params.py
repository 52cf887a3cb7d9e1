"""Checks params against the JSON Schema of the agent that accepts them."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wand_orchestrator._agent import Agent
from wand_orchestrator.graphs.references import is_reference
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.json_schema import Schema, SchemaTooLarge, UnusableSchema
from wand_orchestrator.validation.output_faults import Outputs
from wand_orchestrator.validation.phrases import listed, quoted, type_words
from wand_orchestrator.validation.pointer import Part, label
from wand_orchestrator.validation.reference_faults import Given, misplaced
from wand_orchestrator.validation.schema_errors import misfits
from wand_orchestrator.validation.schema_view import ANY, View
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import references


@dataclass(frozen=True)
class Taken:
    """Describes the params that an agent accepts. `unusable`: why its schema cannot be used."""

    schema: Schema | None
    view: View
    unusable: str = ""


@lru_cache(maxsize=1024)
def taken_by(agent: Agent) -> Taken:
    """Return what the agent accepts, cached for the life of the process, as checking a schema takes milliseconds."""
    view = View.of(agent.params_schema, agent.params_schema)
    try:
        return Taken(Schema(agent.params_schema), view)
    except UnusableSchema as reason:
        return Taken(None, view, str(reason))


@lru_cache(maxsize=1024)
def _input_view(agent: Agent) -> View:
    return View.of(agent.input_schema, agent.input_schema)


@lru_cache(maxsize=1024)
def _input_of(agent: Agent) -> Schema | None:
    with suppress(UnusableSchema):
        return Schema(agent.input_schema)
    return None


class ParamsCheck:
    """Checks the params of one document's nodes."""

    def __init__(self, agents: Mapping[str, Agent], outputs: Outputs, near: Near, findings: Findings) -> None:
        self._agents = agents
        self._outputs = outputs
        self._near = near
        self._findings = findings

    def check(self, name: str, params: dict[str, Any], given: Given, at: tuple[Part, ...]) -> None:
        """Check params. `name`: the agent's; `given`: what references in the params return; `at`: the place of the
        params.
        """
        taken = taken_by(self._agents[name])
        self.check_given(taken.view, given, at, Code.INVALID_PARAMS)
        for place, found in _expressions_by_reference(params, taken.view):
            message = (
                f"{label(place) if place else '`params`'} must be written in the graph: expressions are the graph's"
            )
            self._findings.fault((*at, *place), misplaced(found), f"{message}, and no reference gives them")
        if is_reference(params):
            return
        try:
            self._check_schema(taken, name, params, at)
        except SchemaTooLarge as reason:
            message = (
                f"the params of {quoted(name)} cannot be checked: {reason}: make them smaller, or use several graphs"
            )
            self._findings.fault(at, Code.TOO_COMPLEX, message)
        except UnusableSchema as reason:
            message = f"the params are not checked, as the schema of {quoted(name)} cannot be used: {reason}"
            self._findings.warn(at, Code.UNCHECKED_PARAMS, message)

    def check_given(self, wanted: View, given: Given, at: tuple[Part, ...], code: Code) -> None:
        """Check the values of references that certainly do not fit their places."""
        for path, view in given.items():
            there = wanted
            for part in path:
                there = there.element() if isinstance(part, int) else there.field(part) if there.takes(part) else ANY
            if there.alternatives and not there.is_met_by(view):
                name = label(path) if path else label(at)
                words = f"{name} must be {type_words(sorted(there.types))}"
                message = f"{words}, and the reference gives {type_words(sorted(view.types))}"
                self._findings.fault((*at, *path), code, message)

    def check_whole_input(self, name: str, input: dict[str, Any], given: Given, at: tuple[Part, ...]) -> None:
        """Check the input of a part of a control node, to which nothing else adds."""
        view = _input_view(self._agents[name])
        self.check_given(view, given, at, Code.INCOMPATIBLE_INPUT)
        if is_reference(input):
            return
        self.check_input(name, input, at)
        for key in input:
            if not view.takes(key):
                takes = f": it takes {listed(view.keys)}" if view.keys else ": it takes none"
                hint = self._near.hint(f"input of {name}", key, view.keys) or takes
                message = f"{quoted(name)} takes no input {quoted(key)}{hint}"
                self._findings.fault((*at, key), Code.UNKNOWN_INPUT, message)
        if missing := sorted(view.requires() - input.keys()):
            self._findings.fault(at, Code.MISSING_INPUT, f"{quoted(name)} needs the input {listed(missing)}")

    def check_input(self, name: str, input: dict[str, Any], at: tuple[Part, ...]) -> None:
        """Check the input that the graph itself provides; unknown and missing keys are checked together with edges."""
        schema = _input_of(self._agents[name])
        if schema is None or is_reference(input):
            return
        with suppress(UnusableSchema):
            for error in schema.certain_errors(input, self._findings.budget):
                for misfit in misfits(error, "`input`") if error.absolute_path else ():
                    message = misfit.message or f"{label(misfit.path)} has no key {quoted(misfit.key or '')}"
                    self._findings.fault((*at, *misfit.path), Code.INCOMPATIBLE_INPUT, message)

    def _check_schema(self, taken: Taken, name: str, params: dict[str, Any], at: tuple[Part, ...]) -> None:
        if taken.schema is None:
            raise UnusableSchema(taken.unusable)
        refused: set[str] = set()
        for error in taken.schema.certain_errors(params, self._findings.budget):
            if error.validator == "format":  # of an expression, which has codes of its own
                self._outputs.select(error.instance, None, (*at, *error.absolute_path))
                continue
            for misfit in misfits(error, f"`params` of {quoted(name)}"):
                if misfit.key is None:
                    self._findings.fault((*at, *misfit.path), Code.INVALID_PARAMS, misfit.message)
                else:
                    message = self._unknown(name, misfit.key, misfit.among)
                    self._findings.fault((*at, *misfit.path, misfit.key), Code.UNKNOWN_PARAM, message)
                    refused.add(misfit.key)
        for key in (key for key in params if key not in refused):
            self._warn_if_ignored(taken, name, key, at)

    def _warn_if_ignored(self, taken: Taken, name: str, key: str, at: tuple[Part, ...]) -> None:
        """Warn of a key that the schema allows, but the agent never receives."""
        if not taken.view.takes(key):
            message = f"{self._unknown(name, key, taken.view.keys)}; it is ignored"
            self._findings.warn((*at, key), Code.UNKNOWN_PARAM, message)

    def _unknown(self, name: str, key: str, among: tuple[str, ...]) -> str:
        takes = f": it takes {listed(among)}" if among else ": it takes none"
        hint = self._near.hint(f"param of {name}", key, among) or takes
        return f"{quoted(name)} has no param {quoted(key)}{hint}"


def _expressions_by_reference(params: dict[str, Any], view: View) -> Iterator[tuple[tuple[Part, ...], dict[str, Any]]]:
    """Yield the references that would provide an expression: in its place, or in that of all params."""
    for place, _, found in references(params):
        if is_reference(found):
            there = view
            for part in place:
                there = there.element() if isinstance(part, int) else there.field(part)
            if _is_expression(there) or (not place and any(_is_expression(there.field(key)) for key in there.keys)):
                yield place, found


def _is_expression(view: View) -> bool:
    return any(alternative.schema.get("format") == "jmespath" for alternative in view.alternatives)
