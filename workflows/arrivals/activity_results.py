"""Reads the results of activities and child runs, and checks what nodes are given."""

from typing import Any

from temporalio import workflow

from wand_orchestrator.contract.bounds import MAX_DEPTH, is_too_deep
from wand_orchestrator.contract.limits import PLAIN_INPUT_BYTES
from wand_orchestrator.contract.node import AgentCall, AgentResult
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.workflows.arrivals.bounded_reports import bounded_reports
from wand_orchestrator.workflows.arrivals.raw_values import Model, misfit, named, raw_json, read, value_of
from wand_orchestrator.workflows.size import size_up_to


def result_of(given: Any) -> AgentResult:
    """Return the result of an agent's activity. Raises ApplicationError `invalid_output` for anything else."""
    if isinstance(given, AgentResult):
        result = given
    else:
        result = read(AgentResult, given, "invalid_output", 'an object with the key "output"')
        if "output" not in result.model_fields_set:
            raise misfit("invalid_output", 'the result has no key "output"')
    if not _has_few_levels(given):
        output_of(result.output)
    return result.model_copy(update={"reports": tuple(bounded_reports(result.reports))}) if result.reports else result


def output_of(output: Any) -> Any:
    """Return a node's output. Raises ApplicationError `invalid_output` for one that other processes could not read."""
    if is_too_deep(output):
        raise misfit("invalid_output", f"the output has lists and objects more than {MAX_DEPTH} deep")
    return output


def check_given(params: Any, input: Any, limit: int) -> None:
    """Check the params and the input of a node, of `limit` bytes each. Raises ApplicationError `input_too_large`,
    `invalid_params` or `invalid_input`.
    """
    for code, given in (("invalid_params", params), ("invalid_input", input)):
        if size_up_to(given, limit) > limit:
            raise misfit("input_too_large", f"params or input take more than {limit} bytes")
        if is_too_deep(given):
            raise misfit(code, f"lists and objects are nested more than {MAX_DEPTH} deep")


def check_plain(call: AgentCall) -> None:
    """Check the arguments of a node with a `queue`. Raises ApplicationError `input_too_large` for what Temporal does
    not accept.
    """
    if size_up_to([call.params, call.input], PLAIN_INPUT_BYTES // 16) <= PLAIN_INPUT_BYTES // 16:
        return
    [payload] = workflow.payload_converter().to_payloads([call])
    if (size := len(payload.data)) > PLAIN_INPUT_BYTES:
        limit = f"and a worker of another queue takes {PLAIN_INPUT_BYTES} at most: map parts of it, or save artifacts"
        raise misfit("input_too_large", f"params and input take {size} bytes, {limit}")


def run_result_of(given: Any) -> RunResult:
    """Return the result of a child run. Raises ApplicationError `invalid_output`."""
    return read(RunResult, given, "invalid_output", "the result of a run")


def model_of(kind: type[Model], given: Any) -> Model:
    """Return the result of a core activity as this model. Raises ApplicationError `invalid_output`."""
    return read(kind, given, "invalid_output", f"a {kind.__name__}")


def object_of(given: Any) -> dict[str, Any]:
    """Return the result of a core activity as an object with any keys. Raises ApplicationError `invalid_output`."""
    value = value_of(given, "invalid_output", "an object")
    if not isinstance(value, dict):
        raise misfit("invalid_output", f"expected an object, and got {named(value)}")
    return value


def _has_few_levels(given: Any) -> bool:
    """Return whether the text alone shows that the value is not too deep: a long list of numbers need not be walked."""
    text = raw_json(given)
    return text is not None and text.count(b"[") + text.count(b"{") <= MAX_DEPTH
