"""Reads the input of a run, which need not have passed the API: the `temporal` CLI can start a `GraphRun` too."""

from typing import Any

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract import RunInput


def open_run(document: dict[str, Any]) -> RunInput:
    """Raises a non-retryable ApplicationError, which ends the run, for a document that cannot be run."""
    try:
        run = RunInput.model_validate(document)
    except ValidationError as error:
        raise _unusable(str(error)) from error
    nodes = {node.id for node in run.graph.nodes}
    if len(nodes) < len(run.graph.nodes):
        raise _unusable("two nodes have the same id")
    named = {end for edge in run.graph.edges for end in (edge.source, edge.target)} | set(run.graph.sinks or ())
    if unknown := sorted(named - nodes):
        raise _unusable(f"edges or sinks name nodes that do not exist: {', '.join(unknown[:5])}")
    return run


def _unusable(reason: str) -> ApplicationError:
    return ApplicationError(f"not a graph that can run: {reason}", type="graph_invalid", non_retryable=True)
