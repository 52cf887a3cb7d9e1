"""Routes of what waits for a person, over all runs."""

from typing import Annotated

from fastapi import APIRouter, Query

from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.runs.approvals import ApprovalPage, ApprovalView
from wand_orchestrator.api.services import Cursor, Limit, ServicesDep
from wand_orchestrator.contract.tags import MAX_TAGS

router = APIRouter(prefix="/approvals", tags=["approvals"], responses=declared(401, 503))


@router.get("", responses=declared(400))
async def list_approvals(
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = 50,
    run_id: Annotated[
        str | None, Query(max_length=1000, description="Only of this run and of child runs in it.")
    ] = None,
    graph: Annotated[str | None, Query(max_length=200, description="The name of the graph that asks.")] = None,
    tag: Annotated[
        tuple[str, ...],
        Query(
            max_length=MAX_TAGS, description="A tag of the run that somebody started. With several, it has them all."
        ),
    ] = (),
) -> ApprovalPage:
    """List what waits for a person's answer, over all runs and their child runs, newest first.

    An approval stands here from the moment in which it waits until it is answered, or its run ends.
    """
    page = await services.store.questions.page(cursor, limit, run_id=run_id, graph=graph, tags=tag)
    return ApprovalPage(approvals=[ApprovalView.of(question) for question in page.items], next=page.next)
