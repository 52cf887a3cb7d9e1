"""Implements the agent `agent.fetch`."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from wand_orchestrator import AgentContext, agent
from wand_orchestrator.activities.tools.http_fetch.fetched_page import FetchedPage
from wand_orchestrator.activities.tools.http_fetch.http_fetch import (
    DEFAULT_MAX_BYTES,
    DEFAULT_TIMEOUT_SEC,
    AllowStatus,
    Headers,
    JsonBody,
    MaxBytes,
    Method,
    TextBody,
    TimeoutSec,
    Url,
)


class FetchParams(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Url
    method: Method = "GET"
    headers: Headers = None
    body: TextBody = None
    json_body: JsonBody = Field(default=None, alias="json")
    max_bytes: MaxBytes = DEFAULT_MAX_BYTES
    allow_status: AllowStatus = ()
    timeout: TimeoutSec = DEFAULT_TIMEOUT_SEC


@agent("agent.fetch", tools=["http.fetch"])
async def fetch(params: FetchParams, ctx: AgentContext) -> FetchedPage:
    """Fetches a page over HTTP. Server errors, 429 and broken connections are tried again, other errors are not."""
    arguments: dict[str, Any] = params.model_dump(by_alias=True)
    # A larger body would be read whole, only for the output to be refused.
    arguments["max_bytes"] = min(params.max_bytes, ctx.settings.max_output_bytes)
    page: FetchedPage = await ctx.tools["http.fetch"](**arguments)
    ctx.log(f"{page.status}, {len(page.body)} characters", level="debug")
    return page
