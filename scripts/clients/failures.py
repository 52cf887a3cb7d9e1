"""Uses the generated client in Python as a caller would: a run, its problems, and events told apart by their type."""

from wand_orchestrator_client import AuthenticatedClient
from wand_orchestrator_client.api.events import list_events
from wand_orchestrator_client.api.runs import create_run
from wand_orchestrator_client.models import (
    EventList,
    NodeFailedEvent,
    Problem,
    ProblemCode,
    RunCreated,
    RunPausedEvent,
    RunRequest,
)


def connected(url: str, key: str) -> AuthenticatedClient:
    """Return the client of an API. Without a key there, any text does."""
    return AuthenticatedClient(base_url=url, token=key, prefix="", auth_header_name="X-API-Key")


def start(client: AuthenticatedClient, name: str) -> str:
    """Start a run of a stored graph, and return its id."""
    answer = create_run.sync(client=client, body=RunRequest(graph_name=name))
    if isinstance(answer, Problem) and answer.code is ProblemCode.NOT_FOUND:
        raise LookupError(answer.detail)
    if not isinstance(answer, RunCreated):
        raise RuntimeError("the run did not start")
    run_id: str = answer.run_id
    return run_id


def failures(client: AuthenticatedClient, run_id: str) -> list[str]:
    """Return why nodes of a run failed, and which of them hold it."""
    answer = list_events.sync(run_id, client=client)
    told: list[str] = []
    for event in answer.events if isinstance(answer, EventList) else ():
        if isinstance(event, NodeFailedEvent) and event.data.error:
            told.append(f"{event.node}: {event.data.error.message}")
        if isinstance(event, RunPausedEvent):
            told += event.data.held
    return told
