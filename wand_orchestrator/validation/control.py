"""Checks the params of control nodes against their models, and those of the agents that they run."""

import json
from functools import lru_cache
from typing import Any

from wand_orchestrator.contract.model_call import CallSettings
from wand_orchestrator.graph import SpendingBudget
from wand_orchestrator.graphs.control_node import Awaiting, ControlNode, DefaultAnswer
from wand_orchestrator.graphs.control_nodes import EventParams
from wand_orchestrator.graphs.llm_node import ToolChoice
from wand_orchestrator.graphs.references import is_reference
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.fault import Findings
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema
from wand_orchestrator.validation.model_faults import Form, Owner, read_form
from wand_orchestrator.validation.phrases import listed, quoted
from wand_orchestrator.validation.pointer import Part
from wand_orchestrator.validation.schema_errors import misfits
from wand_orchestrator.validation.schema_view import View
from wand_orchestrator.validation.suggestions import Near
from wand_orchestrator.validation.written_references import holds_reference


@lru_cache
def control_view(control: ControlNode) -> View:
    """Return the view of the control node's params."""
    schema = control.params.model_json_schema(by_alias=True)
    return View.of(schema, schema)


def check_control(
    control: ControlNode, params: dict[str, Any], at: tuple[Part, ...], near: Near, findings: Findings
) -> None:
    """Check the params of a control node. `at`: their place."""
    if is_reference(params):
        return
    owners = {
        (): Owner(f"`params` of `{control.name}`", control.params),
        ("on_timeout",): Owner("`on_timeout`", DefaultAnswer),
        ("tools", "[]"): Owner("a tool", ToolChoice),
        ("settings",): Owner("`settings`", CallSettings),
        ("budget",): Owner("`budget`", SpendingBudget),
    }
    form = Form(control.params, owners, at, takes_references=True)
    read = read_form(form, params, json.dumps(params).encode(), near, findings)
    for noun in ("agent", "graph"):
        if noun in control.params.model_fields:
            _check_choice(noun, params, at, findings)
    if isinstance(read, Awaiting) and not holds_reference(params):
        _check_answer(read, at, findings)


def _check_choice(noun: str, params: dict[str, Any], at: tuple[Part, ...], findings: Findings) -> None:
    """Check that a name that comes by a reference is one of a list, so that what it may name can be
    checked beforehand.
    """
    listed_at, names = f"{noun}s", params.get(f"{noun}s", [])
    if not is_reference(params.get(noun)):
        if names:
            message = f"`{listed_at}` is there for a `{noun}` that a reference gives: leave it out"
            findings.fault((*at, listed_at), Code.BAD_VALUE, message)
    elif not names and noun == "graph":
        message = "`graph` must be text, or one of a list `graphs`: those that a run needs are gathered when it starts"
        findings.fault((*at, "graph"), Code.WRONG_TYPE, message)
    elif not names:
        message = "which agent it is, is known when the run has come here: list those that it may be in `agents`"
        findings.warn((*at, "agent"), Code.UNKNOWN_AGENT, message)


def _check_answer(params: Awaiting, at: tuple[Part, ...], findings: Findings) -> None:
    """Check that the schema can be used, and that the default fits it."""
    try:
        schema = Schema(params.answer_schema, findings.budget)
        schema.errors(None, findings.budget)  # follows the references that every answer will meet
        if isinstance(params.on_timeout, DefaultAnswer):
            place = (*at, "on_timeout", "answer")
            _check_default(params, params.on_timeout.answer, schema, place, findings)
    except UnusableSchema as reason:
        findings.fault((*at, "schema"), Code.ANSWER_SCHEMA, f"`schema` cannot be used: {reason}")


def _check_default(params: Awaiting, default: Any, schema: Schema, at: tuple[Part, ...], findings: Findings) -> None:
    several = isinstance(params, EventParams) and params.count > 1
    if several and not isinstance(default, list):
        message = "the default answer must be a list, as `count` is above 1"
        findings.fault(at, Code.ANSWER_SCHEMA, message)
        return
    for place, value in [((*at, index), item) for index, item in enumerate(default)] if several else [(at, default)]:
        for error in schema.errors(value, findings.budget):
            for misfit in misfits(error, "the default answer"):
                has = f"its `schema` has no {quoted(misfit.key or '')}: it has {listed(misfit.among)}"
                findings.fault((*place, *misfit.path), Code.ANSWER_SCHEMA, misfit.message or has)
