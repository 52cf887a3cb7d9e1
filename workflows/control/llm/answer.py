"""Judges the answer with which a model ends its work."""

from typing import Any, NamedTuple

from wand_orchestrator.contract.model_call import ModelReply
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.strict_json import parse_json
from wand_orchestrator.validation.json_schema import Schema, UnusableSchema
from wand_orchestrator.validation.phrases import listed, quoted
from wand_orchestrator.validation.schema_errors import misfits
from wand_orchestrator.workflows.control.base import failure

TOLD_MISFITS = 10
"""Of a value, those that a model is told."""


class JudgedAnswer(NamedTuple):
    """Contains an answer, or why it does not fit."""

    output: Any
    misfit: str | None = None


def require_whole(reply: ModelReply) -> None:
    """Raise ApplicationError for an answer that its provider did not let end."""
    match reply.finish:
        case "length":
            raise failure("answer_cut_off", "the answer is longer than `max_tokens`: raise it, or ask for less")
        case "content_filter":
            raise failure("content_refused", "the provider's filter refused the answer")
        case "error":
            raise failure("model_failed", "the provider ended the answer with an error")


def schema_of(output: dict[str, Any]) -> Schema:
    """Return the compiled schema of answers. Raises ApplicationError `invalid_params`."""
    try:
        return Schema(output)
    except UnusableSchema as reason:
        raise failure("invalid_params", f"params: `output` cannot be used: {reason}") from reason


def judged(reply: ModelReply, schema: Schema | None, budget: Budget) -> JudgedAnswer:
    if schema is None:
        return JudgedAnswer({"text": reply.text})
    output = reply.output
    if output is None and reply.text:
        try:
            output = parse_json(reply.text.encode())
        except BadRequest:
            return JudgedAnswer(None, "the answer is no JSON")
    return JudgedAnswer(output, faults_of(schema, output, "the answer", budget))


def faults_of(schema: Schema, value: Any, noun: str, budget: Budget) -> str | None:
    """Return why the value does not fit, in sentences for a model; None if it does. `noun`: what they call it."""
    try:
        errors = schema.errors(value, budget)
    except UnusableSchema as reason:
        return str(reason)
    found = [misfit for error in errors for misfit in misfits(error, noun)]
    if not found:
        return None
    told = [misfit.message or _extra(misfit.key, misfit.among, noun) for misfit in found[:TOLD_MISFITS]]
    return "; ".join(told) + (f"; and {len(found) - TOLD_MISFITS} more" if len(found) > TOLD_MISFITS else "")


def _extra(key: str | None, among: tuple[str, ...], noun: str) -> str:
    return f"{noun} must not have {quoted(key or '')}" + (f": it has {listed(among)}" if among else "")
