"""Starts that come faster than Temporal takes them."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from temporalio.client import Client

from bench.http import Http
from tests.integration.graph_cases import emit, graph
from tests.integration.service import Service, running_service
from tests.waiting import until
from wand_orchestrator.api.outbox.outbox import AT_ONCE

RUNS = 300
"""Temporal takes some seconds for them, and a caller waits for 1.2 s."""


async def test_hundreds_of_starts_at_once_are_all_taken_and_started_in_their_order(
    temporal_client: Client, tmp_path: Path
) -> None:
    async with running_service(temporal_client, tmp_path, worker=False, shared_feed=False) as service:
        graph_id = (await service.http.post("/graphs", json=graph([emit("a")]))).json()["graph_id"]
        url = urlsplit(service.url)
        async with Http.open(str(url.hostname), int(url.port or 0)) as http:
            # Raises Refused for whatever is no success.
            made = await asyncio.gather(*(http.post("/runs", {"graph_id": graph_id}) for _ in range(RUNS)))
        ids = {run["run_id"] for run in made}
        assert len(ids) == RUNS
        await until(lambda: _listed(service, "pending"), lambda pending: not pending)
        assert set(await _listed(service, "running")) == ids
        await _assert_started_in_order(service, sorted(ids))


async def _listed(service: Service, status: str) -> list[str]:
    runs: list[str] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = (await service.http.get("/runs", params={"status": status, "limit": "200", **cursor})).json()
        runs += [run["run_id"] for run in page["runs"]]
        cursor = None if page["next"] is None else {"cursor": page["next"]}
    return runs


async def _assert_started_in_order(service: Service, ids: list[str]) -> None:
    """A run begins at most so many places too early as starts are under way at once."""
    handles = [service.client.get_workflow_handle(run_id) for run_id in ids]
    started = [(await handle.describe()).start_time for handle in handles]
    for place, moment in enumerate(started):
        assert sum(other <= moment for other in started) > place - 2 * AT_ONCE
