"""Runs that a process finds in the database when it begins, without knowing who is about to start them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import emit, graph, sleep
from tests.integration.service import running_service
from tests.integration.temporal_cli import TemporalCli
from tests.waiting import until
from wand_orchestrator.contract.run_terms import RunTerms


async def test_what_was_left_behind_is_started_and_what_another_process_just_started_is_left_to_it(
    temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of the latter does not say yet that it was started, and its workflow has even been deleted meanwhile."""
    monkeypatch.setattr("wand_orchestrator.api.outbox.confirmations.GATHER_SEC", 3600)
    monkeypatch.setattr("wand_orchestrator.api.outbox.outbox.GRACE_SEC", 3600)
    async with running_service(temporal_client, tmp_path) as first:
        young = await first.start(graph([sleep("a", 600)]))
        await TemporalCli(temporal_client)("workflow", "delete", "--workflow-id", young, "--yes")
        await until(lambda: first.services.executions.describe(young, 5), lambda seen: seen is None)
        graph_id = (await first.http.post("/graphs", json=graph([emit("a")]))).json()["graph_id"]
        left = (await first.store.runs.add("r_left", graph_id, "left", RunTerms())).run_id
        with closing(sqlite3.connect(tmp_path / "wand.db", isolation_level=None)) as connection:
            connection.execute("UPDATE runs SET created_at = '2026-01-01 00:00:00.000000' WHERE id = ?", (left,))

        async with running_service(
            temporal_client, tmp_path, worker=False, task_queue=first.settings.task_queue
        ) as second:
            assert (await second.ended(left))["status"] == "succeeded"
            assert await second.services.executions.describe(young, 5) is None
