"""Routes of a run's events: as a list, or as a stream."""

import re
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.http.strict_route import StrictRoute
from wand_orchestrator.api.runs.models import EventList
from wand_orchestrator.api.services import Limit, RunIdPath, ServicesDep
from wand_orchestrator.api.stream.relay import EventStream
from wand_orchestrator.api.temporal.budget import ANSWER_SEC
from wand_orchestrator.contract.events import Event, Level
from wand_orchestrator.errors import BadRequest

MAX_SEQ = 2**31 - 1

After = Annotated[int, Query(ge=0, le=MAX_SEQ, description="Only events with a higher seq.")]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="Seq of the last event received; wins over `after`.")
]

router = APIRouter(route_class=StrictRoute, prefix="/runs", tags=["events"], responses=declared(401, 404, 503))


@router.get("/{run_id}/logs")
async def list_events(
    run_id: RunIdPath,
    services: ServicesDep,
    after: After = 0,
    limit: Limit = 500,
    node: Annotated[str | None, Query(max_length=1000, description="Only of this node.")] = None,
    level: Annotated[Level | None, Query(description="Only of this level or a graver one.")] = None,
) -> EventList:
    """List the events so far, oldest first."""
    page = await services.reader.selected(run_id, after, limit, node=node, level=level, seconds=ANSWER_SEC)
    return EventList(
        events=[Event.model_validate_json(event.body) for event in page.events],
        last_seq=page.last,
        ended=page.ended,
    )


@router.get(
    "/{run_id}/stream",
    # A route of EventSourceResponse would have FastAPI encode every event anew for every subscriber.
    response_class=Response,
    responses={
        200: {
            "description": "One SSE event for each of the run's: `id` its seq, `event` its type, `data` its JSON. "
            "Between them `node.delta` without an id.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "The run has ended and all of its events were received: do not reconnect."},
        **declared(400),
    },
)
async def stream_events(
    run_id: RunIdPath,
    services: ServicesDep,
    after: After = 0,
    deltas: Annotated[bool, Query(description="Also the text that agents emit, as `node.delta`.")] = True,
    last_event_id: LastEventId = None,
) -> Response:
    """Stream the events as they happen, from the first or from where the caller left off, up to the
    run's last event.

    Text that an agent emits while it runs comes between them as `node.delta` events without an id: `node`, `attempt`,
    `offset` and `text`. Begin the node's text anew where `offset` is 0, and append otherwise.
    """
    seq = after if last_event_id is None else _seq(last_event_id)
    chunks = await services.streams.after(run_id, seq, received=last_event_id is not None, deltas=deltas)
    return Response(status_code=204) if chunks is None else EventStream(chunks)


def _seq(last_event_id: str) -> int:
    # Its length first: Python reads no number of more than 4,300 digits.
    if not re.fullmatch(r"[0-9]{1,10}", last_event_id) or int(last_event_id) > MAX_SEQ:
        raise BadRequest("Last-Event-ID has to be the id of an event of this stream, a number", code="bad_event_id")
    return int(last_event_id)
