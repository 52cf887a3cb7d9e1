"""What is old goes by itself: runs, with all that belongs to them, and payloads that nobody needs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from obstore.store import MemoryStore
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import edge, gate, graph
from tests.integration.service import Service, running_service
from tests.waiting import eventually, until
from wand_orchestrator.api.runs.retention import Retention
from wand_orchestrator.files.payloads import PayloadStore

LARGE = 300_000


def grow(id: str) -> dict[str, Any]:
    return {"id": id, "type": "test.grow", "params": {"bytes": LARGE}}


def retention(service: Service) -> Retention:
    """That of the API."""
    return service.services.retention


def payloads(service: Service, run_id: str) -> list[Path]:
    return sorted(Path(service.settings.data_dir, "payloads", run_id).glob("*"))


async def status(service: Service, run_id: str) -> int:
    return (await service.http.get(f"/runs/{run_id}")).status_code


async def test_a_run_goes_when_it_is_old_and_a_payload_when_no_open_run_needs_it(
    temporal_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with running_service(temporal_env.client, tmp_path) as service:
        key = {"Idempotency-Key": "once"}
        body = {"graph": graph([grow("a")])}
        old = str((await service.http.post("/runs", json=body, headers=key)).json()["run_id"])
        await service.ended(old)
        await service.artifacts.save(old, "n", "a.txt", b"a", "text/plain")
        between = datetime.now(UTC)
        opened = tmp_path / "open"
        waits = await service.start(
            graph([grow("a"), gate("b", opened), {"id": "c", "type": "test.pass"}],
                  [edge("a", "b"), edge("a", "c", value="@"), edge("b", "c")])
        )  # fmt: skip
        young = await service.run(graph([grow("a")]))
        await until(lambda: service.get(waits), lambda run: run["nodes"]["b"]["status"] == "running")
        output = f"/runs/{waits}/nodes/a/output"
        await until(lambda: service.http.get(output), lambda answer: answer.status_code == 200)
        assert payloads(service, old)
        assert payloads(service, young["run_id"])

        age = timedelta(days=service.settings.retention_days)
        assert await retention(service).step(between + age) is False

        assert await status(service, old) == 404
        assert (await service.http.post("/runs", json=body, headers=key)).json()["run_id"] != old
        await until(lambda: service.http.get(f"/runs/{old}/artifacts"), lambda answer: answer.status_code == 404)
        await eventually(lambda: not payloads(service, old))  # they are deleted after the artifacts
        assert await service.store.node_values.get(old, old, "a") is None
        assert not payloads(service, young["run_id"])
        shown = (await service.http.get(f"/runs/{young['run_id']}/nodes/a")).json()
        assert shown["params"] == {"bytes": LARGE}
        gone = await service.http.get(shown["values"]["output"]["url"])
        assert (gone.status_code, gone.json()["code"]) == (404, "value_not_kept")
        assert "WAND_PAYLOAD_RETENTION_DAYS" in gone.json()["detail"]
        assert (await service.http.get(output)).json() == "x" * LARGE
        assert (await service.get(young["run_id"]))["result"]["outputs"] == {"a": "x" * LARGE}
        opened.touch()
        assert (await service.ended(waits))["status"] == "succeeded"


async def test_without_a_retention_runs_stay(temporal_env: WorkflowEnvironment, tmp_path: Path) -> None:
    async with running_service(temporal_env.client, tmp_path, retention_days=0) as service:
        run = await service.run(graph([grow("a")]))
        await retention(service).step(datetime.now(UTC) + timedelta(days=10_000))
        assert await status(service, run["run_id"]) == 200


async def test_payloads_are_deleted_some_at_a_time(tmp_path: Path) -> None:
    kept = MemoryStore()
    for number in range(120):
        await kept.put_async(f"r_{number % 3}/{number:064x}.json", b"1")
    store = PayloadStore(kept)
    later = datetime.now(UTC) + timedelta(days=1)
    asked: list[str] = []

    async def is_open(run_id: str) -> bool:
        asked.append(run_id)
        return run_id == "r_1"

    first = await store.collect(later, is_open, 10)
    assert 10 <= first <= 80
    assert len(asked) == len(set(asked))
    while await store.collect(later, is_open, 10):
        pass
    left = [meta["path"] for meta in await kept.list().collect_async()]
    assert {path.partition("/")[0] for path in left} == {"r_1"}
    assert len(left) == 40
