"""`kill -9` of the worker while a run starts another one that it does not wait for."""

import uuid
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client

from tests.integration.core_process import NAMED, NEVER, STARTED, core_process
from tests.integration.graph_cases import edge, emit, graph
from tests.integration.graph_runs import Runs
from tests.sandbox import replayer
from tests.waiting import until
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store


async def test_one_run_is_started_however_often_the_worker_is_killed_over_it(
    temporal_client: Client, tmp_path: Path
) -> None:
    queue, data = f"q-{uuid.uuid4().hex}", tmp_path / "data"
    store = Store.open(Settings(_env_file=None, data_dir=data).effective_database_url)
    await store.migrate()
    runs = Runs(temporal_client, queue, store)
    address = temporal_client.service_client.config.target_host
    sub = {"id": "sub", "type": "flow.graph", "params": {"graph": "apart", "wait": False}, "input": {"who": "Ada"}}
    then = {"id": "then", "type": "test.echo"}
    apart = graph([emit("a", {"$input": "who"})]) | {"name": "apart"}
    handle = await runs.start(
        graph([sub, then], [edge("sub", "then", id="run_id")]),
        subgraphs={"apart": apart},
        task_timeout=timedelta(seconds=1),
    )

    for moment in (NAMED, STARTED):
        async with core_process(address, queue, data, moment) as process:
            assert await process.wait() < 0, moment
    async with core_process(address, queue, data, NEVER):
        started = (await handle.result()).outputs["then"]["input"]["id"]
        result = await temporal_client.get_workflow_handle(started, result_type=RunResult).result()

    assert result.outputs == {"a": "Ada"}
    rows = await until(lambda: store.runs.page(None, 10), lambda page: len(page.items) == 2)
    assert {row.run_id for row in rows.items} == {handle.id, started}
    listed = [run.id async for run in temporal_client.list_workflows(f"TaskQueue = '{queue}'")]
    assert set(listed) <= {handle.id, started}
    await replayer(temporal_client.data_converter).replay_workflow(await handle.fetch_history())
    await store.close()
