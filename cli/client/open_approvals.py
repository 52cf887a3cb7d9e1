"""Reads what the approvals of a run ask that wait for an answer."""

from dataclasses import dataclass
from typing import Any

from wand_orchestrator.cli.client.api_client import ApiClient, Json, path_of
from wand_orchestrator.graphs.control_nodes import APPROVAL

MAX_SHOWN = 10


@dataclass(frozen=True)
class OpenApproval:
    """An approval that waits. `schema` is JSON Schema of its answer."""

    node: str
    prompt: str
    schema: Any


async def open_approvals(api: ApiClient, run: Json) -> list[OpenApproval]:
    """Return the run's own approvals that wait, the first 10 at most; without those whose params are not known yet."""
    waiting = [name for name, node in run["nodes"].items() if APPROVAL.waits_for in node["waiting_for"]]
    views = [(name, await api.get(path_of("runs", run["run_id"], "nodes", name))) for name in waiting[:MAX_SHOWN]]
    return [
        OpenApproval(name, str(params.get("prompt", "")), params.get("schema", True))
        for name, view in views
        if (params := view["params"]) is not None
    ]
