"""Routes of what model calls used, over all runs."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from wand_orchestrator.api.http.moments import GivenMoment
from wand_orchestrator.api.http.problems import declared
from wand_orchestrator.api.services import ServicesDep
from wand_orchestrator.contract.model_call import UsageTotal
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.storage.usage_rows import Grouping, UsageGroup, UsageSelection

router = APIRouter(prefix="/usage", tags=["usage"], responses=declared(401, 503))

_GROUPINGS: tuple[Grouping, ...] = ("graph", "model", "day")


class UsageSum(UsageTotal):
    """What a group of model calls used together; `graph`, `model` and `day` are null where it is not summed by them."""

    graph: str | None = Field(default=None, description="The name of the graph whose node made the calls.")
    model: str | None = Field(default=None, description="`provider:name`.")
    day: str | None = Field(default=None, description="YYYY-MM-DD, in UTC, on which the calls ended.")
    runs: int = Field(description="How many runs made them; child runs are runs of their own.")

    @classmethod
    def of(cls, group: UsageGroup) -> "UsageSum":
        return cls(**dict(group.usage), **group.keys, runs=group.runs)


class UsageReport(BaseModel):
    """What model calls used. `more`: there are more groups than were asked for."""

    groups: list[UsageSum] = Field(description="The latest day first, and what cost most first.")
    total: UsageSum
    more: bool


@router.get("", responses=declared(400))
async def get_usage(
    services: ServicesDep,
    by: Annotated[
        str, Query(max_length=100, description="By what to sum: `graph`, `model` and `day`, with commas between them.")
    ] = "day",
    graph: Annotated[str | None, Query(max_length=200, description="Only calls of graphs of this name.")] = None,
    model: Annotated[str | None, Query(max_length=200, description="Only calls of this `provider:name`.")] = None,
    after: Annotated[GivenMoment | None, Query(description="RFC 3339, exclusive; UTC without an offset.")] = None,
    before: Annotated[GivenMoment | None, Query(description="RFC 3339, exclusive; UTC without an offset.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Groups, at most.")] = 1000,
) -> UsageReport:
    """Sum what model calls used, over all runs, deleted ones among them.

    A run counts as far as its journal has been written to the database: at its end, and now and then before. `GET
    /runs/{id}` shows what a run has used so far.
    """
    groupings = _groupings(by)
    selection = UsageSelection(after, before, graph, model)
    groups = await services.store.usage.sums(groupings, selection, limit + 1)
    [total] = await services.store.usage.sums((), selection, 1)
    shown = [UsageSum.of(group) for group in groups[:limit]]
    return UsageReport(groups=shown, total=UsageSum.of(total), more=len(groups) > limit)


def _groupings(by: str) -> list[Grouping]:
    """Return what is asked for, in the order of _GROUPINGS. Raises BadRequest for anything else."""
    asked = {name.strip() for name in by.split(",") if name.strip()}
    if unknown := sorted(asked - set(_GROUPINGS)):
        raise BadRequest(f"by={by}: {unknown[0]!r} is none of {', '.join(_GROUPINGS)}", code="bad_request")
    return [name for name in _GROUPINGS if name in asked]
