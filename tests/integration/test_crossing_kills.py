"""`kill -9` of the worker that runs the workflows while a run goes on in a new history, beside agents of another
worker."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import sample_agents
from sample_agents import Diary
from temporalio.testing import WorkflowEnvironment

from tests.integration.core_process import ASKS, BEGINS, NEVER, core_process
from tests.integration.graph_cases import gate
from tests.integration.graph_runs import Runs
from tests.integration.long_runs import SHORT, beside_many, diary, histories, short_ones_end
from wand_orchestrator.activities.worker import build_worker
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store


@pytest.mark.parametrize("moments", [(ASKS, BEGINS)])
async def test_nothing_is_lost_and_nothing_done_twice(
    short_histories: WorkflowEnvironment, tmp_path: Path, moments: tuple[str, ...]
) -> None:
    client = short_histories.client
    agents, core, folder = f"q-{uuid.uuid4().hex}", f"q-{uuid.uuid4().hex}", diary(tmp_path)
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", task_queue=agents)
    artifacts = ArtifactStore.open(settings.effective_artifacts_url)
    store = Store.open(settings.effective_database_url)
    await store.migrate()
    long = gate("long", tmp_path / "open")
    long["params"] |= {"folder": str(folder), "value": 7}
    document = beside_many(long)
    for node in document["nodes"]:
        node["queue"] = agents
    runs = Runs(client, core, store)
    address = client.service_client.config.target_host
    async with build_worker(client, settings, Registry.of(sample_agents), artifacts=artifacts):
        handle = await runs.start(document, task_timeout=timedelta(seconds=1))
        for moment in moments:
            async with core_process(address, core, tmp_path / "data", moment) as process:
                assert await process.wait() < 0
        async with core_process(address, core, tmp_path / "data", NEVER):
            await short_ones_end(handle)
            assert await histories(runs, handle) > 2
            (tmp_path / "open").touch()
            result = await handle.result()
    assert result.outputs["long"] == 7
    assert Diary(folder).entries() == [("start", "long", 1), ("end", "long", 1)]
    events = await runs.archived(handle)
    ended = [(event.node, event.attempt) for event in events if event.type == "node.succeeded"]
    assert (len(ended), set(ended)) == (SHORT + 2, {(node["id"], 1) for node in document["nodes"]})
    assert [event.type for event in events if event.node == "long"] == ["node.scheduled", "node.succeeded"]
    await store.close()
