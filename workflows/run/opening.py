"""Opens a run: reads its input, and fetches the graph if the input only names it.

A run need not have passed the API: a schedule starts one, and so can the `temporal` CLI.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from wand_orchestrator.contract.bounds import MAX_DEPTH, bounded_json, bounded_text, is_too_deep
from wand_orchestrator.contract.names import (
    ACTIVITY_INPUT_KEYS,
    ACTIVITY_OPEN,
    own_activity_id,
)
from wand_orchestrator.contract.run import (
    RunInput,
    RunOrder,
)
from wand_orchestrator.contract.run_input import order_in, read_order
from wand_orchestrator.contract.search_attributes import (
    WAND_GRAPH,
)
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.errors import InputFaults
from wand_orchestrator.graph import INPUT_SOURCE, Graph, Options
from wand_orchestrator.graphs.input_keys import agents_to_ask, with_input_keys
from wand_orchestrator.temporal.visibility import memo, search_attributes, summary
from wand_orchestrator.validation.input_schema import admitted
from wand_orchestrator.workflows.arrivals.activity_results import model_of, object_of
from wand_orchestrator.workflows.arrivals.bounded_reports import code_of
from wand_orchestrator.workflows.arrivals.raw_values import plain, raw_json
from wand_orchestrator.workflows.patches import patched

TOLD_FAULTS = 20
"""Of an input that does not fit, those that stand in the details of the run's failure."""

PATCH_INPUT_KEYS = "input-keys"

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))
"""For ever: while the database is away, so is the graph."""


def read_input(given: Any) -> RunInput | RunOrder:
    """Return the input of the run. Raises a non-retryable ApplicationError, which ends the run, if it is invalid.

    The SDK gives it raw only when both arguments are there, and who starts a run by hand gives but one, or none.
    """
    try:
        run = read_order(text) if (text := raw_json(given)) is not None else order_in(plain(given))
    except (ValueError, TypeError) as error:
        raise _unusable(bounded_text(error)) from error
    _check_input(run.input)
    _check_names(run)
    if isinstance(run, RunOrder):
        return run
    nodes = {node.id for node in run.graph.nodes}
    if len(nodes) < len(run.graph.nodes):
        raise _unusable("two nodes have the same id")
    named = {end for edge in run.graph.edges for end in (edge.source, edge.target)} | set(run.graph.sinks or ())
    if unknown := sorted(named - nodes - {INPUT_SOURCE}):
        raise _unusable(f"edges or sinks name nodes that do not exist: {', '.join(unknown[:5])}")
    return run


def read_carried(given: Any) -> dict[str, Any] | None:
    """Return what the previous history carried over; None in the first history of a run.

    Raises a non-retryable ApplicationError for what somebody else gave in its place.
    """
    if given is None or (isinstance(given, RawValue) and not given.payload.metadata):
        return None
    try:
        carried = plain(given)
    except ValueError as error:
        raise _unusable(f"the second argument: {error}") from error
    if carried is None:
        return None
    if workflow.info().continued_run_id is None or not isinstance(carried, dict):
        raise _unusable("the second argument is what a run carries into a new history, and nobody else gives it")
    return carried


def refuse_more(given: Sequence[Any]) -> None:
    """Raise a non-retryable ApplicationError if there are more arguments than a run accepts."""
    if len(given) > 2:
        raise _unusable(f"a run takes one argument, and it was given {len(given)}")


def _check_input(value: Any) -> None:
    if is_too_deep(value):
        raise _unusable(f"the input has lists and objects more than {MAX_DEPTH} deep")


def _check_names(run: RunInput | RunOrder) -> None:
    """Refuse names with a NUL, which no database stores: the run could never be written."""
    names = [run.graph.name, run.graph_id] if isinstance(run, RunInput) else [run.graph_name, run.graph_id]
    if any("\x00" in name for name in names if name is not None):
        raise _unusable("the name or the id of a graph holds a NUL character")


def unopened(order: RunOrder) -> RunInput:
    """Return the input of a run whose graph is not fetched yet: the graph has a name, and no nodes."""
    known = workflow.info().typed_search_attributes.get(WAND_GRAPH)
    name = order.graph_name or known or order.graph_id or ""
    graph = Graph.model_construct(name=name, nodes=(), edges=(), options=Options(), sinks=None)
    return RunInput.model_construct(graph=graph, graph_id=order.graph_id, **order.said())


async def fetched(order: RunOrder) -> RunInput:
    """Return the run with its graph as it is stored now. The run has a row in the database and is listed
    from now on.
    """
    given = await workflow.execute_activity(
        ACTIVITY_OPEN,
        order,
        activity_id=own_activity_id("open"),
        result_type=RawValue,
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RETRY,
        summary=summary(f"the graph {order.graph_name or order.graph_id}"),
    )
    return model_of(RunInput, given).model_copy(update=order.said())


async def with_known_keys(run: RunInput) -> RunInput:
    """Return the run with `takes` set on the nodes that need it, as a core worker knows their agents; the same object
    if no node needs it.

    Whoever starts a run with a row has set it: what is left are graphs that somebody handed to Temporal.
    """
    graphs = (run.graph, *run.subgraphs.values())
    if run.created_at is not None or run.parent is not None:
        return run
    names = sorted(frozenset[str]().union(*map(agents_to_ask, graphs)))
    if not names or not patched(PATCH_INPUT_KEYS):
        return run
    given = await workflow.execute_activity(
        ACTIVITY_INPUT_KEYS,
        names,
        activity_id=own_activity_id("input-keys"),
        result_type=RawValue,
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RETRY,
        summary=summary("the input keys of the agents"),
    )
    keys = {name: tuple(map(str, known)) for name, known in object_of(given).items() if isinstance(known, list)}
    subgraphs = {name: with_input_keys(graph, keys) for name, graph in run.subgraphs.items()}
    return run.model_copy(update={"graph": with_input_keys(run.graph, keys), "subgraphs": subgraphs})


def admitted_input(run: RunInput) -> Any:
    """Return the run's input with its defaults filled in; the same object if nothing was missing.

    Raises a non-retryable ApplicationError `invalid_input` for one that the graph's `input_schema` refuses.
    """
    try:
        return admitted(run.graph.input_schema, run.input)
    except InputFaults as error:
        told = [{"pointer": fault.pointer, "message": fault.message} for fault in error.faults[:TOLD_FAULTS]]
        raise ApplicationError(
            bounded_text(error.message), bounded_json({"faults": told}), type=error.code, non_retryable=True
        ) from error


def tell_temporal(run: RunInput) -> None:
    """Set the search attributes and the memo that the API sets on the runs that it starts, where they are missing."""
    known = workflow.info().typed_search_attributes
    wanted = search_attributes(run.graph.name, run.graph_id, run.tags)
    if updates := [pair.key.value_set(pair.value) for pair in wanted if known.get(pair.key) is None]:
        workflow.upsert_search_attributes(updates)
    if "graph" not in workflow.memo():
        workflow.upsert_memo(memo(run.graph, run.graph_id, run.tags, version=run.version))


def why_unopened(error: FailureError) -> Failure:
    """Return the failure of a run that could not begin."""
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError):
        details = bounded_json(cause.details[0]) if cause.details else None
        return Failure(
            code=code_of(cause.type or "workflow_failed"), message=bounded_text(cause.message), details=details
        )
    return Failure(code="workflow_failed", message=str(cause or error))


def _unusable(reason: str) -> ApplicationError:
    return ApplicationError(f"not a graph that can run: {reason}", type="graph_invalid", non_retryable=True)
