"""How a run begins: its input is read, and a graph that it only names is fetched.

A run need not have passed the API: a schedule starts one, and so can the `temporal` CLI.
"""

from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json
from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from wand_orchestrator.contract import ACTIVITY_OPEN, WAND_GRAPH, RunInput, RunOrder
from wand_orchestrator.graph import Graph, Options
from wand_orchestrator.run_input import read_run_input
from wand_orchestrator.state import Failure
from wand_orchestrator.visibility import memo, search_attributes

RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10))
"""For ever: while the database is away, so is the graph."""


def read_input(document: RawValue | dict[str, Any]) -> RunInput | RunOrder:
    """Raises a non-retryable ApplicationError, which ends the run, for a document that cannot be run.

    The SDK gives it as it stands in the history only when both arguments are there, and who starts a run by hand gives
    but one.
    """
    try:
        run = _read(document)
        if isinstance(run, RunOrder):
            return run
    except (ValueError, TypeError) as error:
        raise _unusable(str(error)) from error
    nodes = {node.id for node in run.graph.nodes}
    if len(nodes) < len(run.graph.nodes):
        raise _unusable("two nodes have the same id")
    named = {end for edge in run.graph.edges for end in (edge.source, edge.target)} | set(run.graph.sinks or ())
    if unknown := sorted(named - nodes):
        raise _unusable(f"edges or sinks name nodes that do not exist: {', '.join(unknown[:5])}")
    return run


def _read(document: RawValue | dict[str, Any]) -> RunInput | RunOrder:
    if isinstance(document, dict):
        return _read_value(document)
    data = document.payload.data
    try:
        return read_run_input(data)
    except ValidationError:  # of an order, or of what is no run
        return _read_value(from_json(data))


def _read_value(document: dict[str, Any]) -> RunInput | RunOrder:
    return RunInput.model_validate(document) if "graph" in document else RunOrder.model_validate(document)


def unopened(order: RunOrder) -> RunInput:
    """What is known of the run before its graph is: the name."""
    known = workflow.info().typed_search_attributes.get(WAND_GRAPH)
    name = order.graph_name or known or order.graph_id or ""
    graph = Graph.model_construct(name=name, nodes=(), edges=(), options=Options(), sinks=None)
    return RunInput.model_construct(graph=graph, graph_id=order.graph_id, **_as_ordered(order))


async def fetched(order: RunOrder) -> RunInput:
    """The run with the graph as it is stored now; its row is in the database, so that it is listed from now on."""
    run: RunInput = await workflow.execute_activity(
        ACTIVITY_OPEN,
        order,
        activity_id="$open",  # no node can have this id
        result_type=RunInput,
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RETRY,
        summary=f"the graph {order.graph_name or order.graph_id}",
    )
    return run.model_copy(update=_as_ordered(order))


def _as_ordered(order: RunOrder) -> dict[str, Any]:
    return {"input": order.input, "tags": order.tags, "webhook": order.webhook, "retry_of": order.retry_of}


def tell_temporal(run: RunInput) -> None:
    """Give the workflow the search attributes and the memo that the API gives to those that it starts."""
    known = workflow.info().typed_search_attributes
    wanted = search_attributes(run.graph.name, run.graph_id, run.tags)
    if updates := [pair.key.value_set(pair.value) for pair in wanted if known.get(pair.key) is None]:
        workflow.upsert_search_attributes(updates)
    if "graph" not in workflow.memo():
        workflow.upsert_memo(memo(run.graph, run.graph_id, run.tags, version=run.version))


def why_unopened(error: FailureError) -> Failure:
    """Why the run could not begin."""
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError):
        return Failure(code=cause.type or "workflow_failed", message=cause.message)
    return Failure(code="workflow_failed", message=str(cause or error))


def _unusable(reason: str) -> ApplicationError:
    return ApplicationError(f"not a graph that can run: {reason}", type="graph_invalid", non_retryable=True)
