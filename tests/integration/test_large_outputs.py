"""Large inputs and outputs: kept out of Temporal's history, and gone after their time."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError, WorkflowHistory
from temporalio.converter import StorageDriverRetrieveContext, StorageDriverStoreContext, StorageDriverWorkflowInfo
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from tests.integration.graph_cases import echo, edge, emit, graph
from tests.integration.graph_runs import Handle, Runs, serve, state_of
from tests.sandbox import replayer
from wand_orchestrator.errors import NotFound
from wand_orchestrator.files.payloads import PayloadStore
from wand_orchestrator.settings import Settings

MB = 1_000_000
RETRIEVE = StorageDriverRetrieveContext()


def context_of(workflow_id: str) -> StorageDriverStoreContext:
    return StorageDriverStoreContext(StorageDriverWorkflowInfo(namespace="default", id=workflow_id))


def payload(data: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


async def none_is_open(workflow_id: str) -> bool:
    return False


@pytest.fixture(scope="session")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, folder):
        yield runs


def grow(id: str, bytes: int, **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": "test.grow", "params": {"bytes": bytes}, **rest}


def passed_on(length: int, bytes: int) -> dict[str, Any]:
    """A chain that passes a text of so many bytes from node to node."""
    nodes = [grow("n0", bytes), *({"id": f"n{i}", "type": "test.pass"} for i in range(1, length))]
    return graph(nodes, [edge(f"n{i}", f"n{i + 1}", value="@") for i in range(length - 1)])


async def history_of(handle: Handle) -> WorkflowHistory:
    return await handle.fetch_history()


def files(folder: Path, handle: Handle) -> list[Path]:
    return sorted((folder / "payloads" / handle.id).glob("*"))


async def test_outputs_of_50_mb_go_along_a_chain_and_leave_a_small_history(runs: Runs, folder: Path) -> None:
    handle = await runs.start(passed_on(2, 50 * MB))
    assert len((await handle.result()).outputs["n1"]) == 50 * MB
    history = await history_of(handle)
    assert sum(event.ByteSize() for event in history.events) < 50_000
    assert max(path.stat().st_size for path in files(folder, handle)) > 50 * MB


async def test_a_history_of_large_outputs_replays(runs: Runs) -> None:
    handle = await runs.start(passed_on(3, 5 * MB))
    await handle.result()
    await replayer(runs.client.data_converter).replay_workflow(await history_of(handle))


async def test_what_is_kept_is_json_that_can_be_read_where_it_lies(runs: Runs, folder: Path) -> None:
    handle = await runs.start(graph([emit("a", ["x" * 300_000])]))
    await handle.result()
    kept = files(folder, handle)
    assert {path.suffix for path in kept} == {".json"}
    assert any(json.loads(path.read_text()).get("output") == ["x" * 300_000] for path in kept)


async def test_what_is_small_stays_in_the_history(runs: Runs, folder: Path) -> None:
    handle = await runs.start(graph([emit("a", "x" * 100_000)]))
    await handle.result()
    assert files(folder, handle) == []


async def test_an_output_over_the_maximum_fails_without_a_retry_and_says_so(
    temporal_env: WorkflowEnvironment, tmp_path: Path
) -> None:
    async for runs in serve(temporal_env.client, tmp_path, max_output_bytes=MB):
        handle = await runs.start(graph([grow("a", 2 * MB)], options={"max_retries": 5}))
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "output_too_large"
        assert (await state_of(handle)).nodes["a"].attempt == 1


async def test_large_results_of_short_nodes_do_not_pile_up_in_one_message(runs: Runs) -> None:
    """60 of 100 KB are more than the server takes at once."""
    nodes = [grow(f"n{i}", 100_000, execution="local") for i in range(60)]
    handle = await runs.start(graph([*nodes, emit("z", 1)], options={"concurrency": 100}, sinks=["z"]))
    assert (await handle.result()).outputs == {"z": 1}
    assert no_task_failed(await history_of(handle))


async def test_a_wide_fan_out_of_a_large_value_does_not_pile_up_in_one_message(runs: Runs) -> None:
    nodes = [grow("a", 150_000), *(echo(f"n{i}") for i in range(60)), emit("z", 1)]
    edges = [edge("a", f"n{i}", text="@") for i in range(60)] + [edge(f"n{i}", "z") for i in range(60)]
    handle = await runs.start(graph(nodes, edges, options={"concurrency": 100}))
    assert (await handle.result()).outputs == {"z": 1}
    assert no_task_failed(await history_of(handle))


async def test_a_payload_that_is_gone_is_told_of_by_name(tmp_path: Path) -> None:
    store = PayloadStore.open(Settings(data_dir=tmp_path))
    [claim] = await store.store(context_of("r_lost"), [payload(b'"x"')])
    assert await store.collect(datetime.now(UTC) + timedelta(seconds=5), none_is_open, 10) > 0
    with pytest.raises(NotFound, match="r_lost"):
        await store.retrieve(RETRIEVE, [claim])


async def test_an_object_store_is_told_the_content_type() -> None:
    kept = MemoryStore()
    [claim] = await PayloadStore(kept).store(context_of("r_1"), [payload(b'"x"')])
    attributes = (await kept.get_async(claim.claim_data["key"])).attributes
    assert attributes.get("Content-Type") == "application/json"


async def test_only_what_is_old_and_of_a_run_that_has_ended_is_collected(tmp_path: Path) -> None:
    store = PayloadStore.open(Settings(data_dir=tmp_path))
    [open_claim] = await store.store(context_of("r_open"), [payload(b'"open"')])
    [ended_claim] = await store.store(context_of("r_ended"), [payload(b'"ended"')])

    async def is_open(workflow_id: str) -> bool:
        return workflow_id == "r_open"

    assert await store.collect(datetime.now(UTC) - timedelta(days=1), is_open, 10) == 0
    assert await store.collect(datetime.now(UTC) + timedelta(seconds=5), is_open, 10) == 1
    assert [kept.data for kept in await store.retrieve(RETRIEVE, [open_claim])] == [b'"open"']
    with pytest.raises(NotFound):
        await store.retrieve(RETRIEVE, [ended_claim])


def no_task_failed(history: WorkflowHistory) -> bool:
    return not any(event.HasField("workflow_task_failed_event_attributes") for event in history.events)
