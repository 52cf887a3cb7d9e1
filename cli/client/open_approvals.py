"""Reads what waits for a person's answer in a run and in its child runs."""

import asyncio
from dataclasses import dataclass
from typing import Any

from wand_orchestrator.cli.client.api_client import ApiClient, Json
from wand_orchestrator.graphs.control_nodes import APPROVAL

MAX_SHOWN = 10
LOOKS = 10
LOOK_AGAIN_SEC = 0.1
"""A run tells that it waits a moment before it is in the list."""


@dataclass(frozen=True)
class OpenApproval:
    """An approval that waits in the run `run`. `schema` is JSON Schema of its answer."""

    run: str
    node: str
    prompt: str
    schema: Any


async def open_approvals(api: ApiClient, run: Json) -> list[OpenApproval]:
    """Return the approvals that wait in the run and in its child runs, the newest 10 at most."""
    if run["finished_at"] is not None:
        return []
    waits = any(APPROVAL.waits_for in node["waiting_for"] for node in run["nodes"].values())
    for _ in range(LOOKS if waits else 1):
        page = await api.get("/approvals", run_id=run["run_id"], limit=MAX_SHOWN)
        if page["approvals"]:
            break
        await asyncio.sleep(LOOK_AGAIN_SEC)
    return [
        OpenApproval(asked["run_id"], asked["node"], asked["prompt"], asked["schema"]) for asked in page["approvals"]
    ]
