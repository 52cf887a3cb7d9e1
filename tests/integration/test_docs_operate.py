"""docs/operate.md: each command as it stands, by curl and by `temporal`, does to a run what the page says."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.graph_cases import echo, edge, emit, gate, graph
from tests.integration.service import ENDED, Json, Service
from tests.integration.temporal_cli import TemporalCli
from tests.waiting import until

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
APPROVAL = {"schema": {"type": "object", "properties": {"ship": {"type": "boolean"}}, "required": ["ship"]}}

BLOCKS = [(title, block) for title, text in SECTION.findall(PAGE) for block in BLOCK.findall(text)]


@dataclass(frozen=True)
class Prepared:
    """A run that the commands are meant for."""

    run_id: str
    graph_id: str = ""


@dataclass(frozen=True)
class Trial:
    """`prepare` makes such a run; `check` looks at what came of it, given what the commands printed."""

    prepare: Callable[[Service, Path], Awaitable[Prepared]]
    check: Callable[[Service, Prepared, str], Awaitable[None]]


async def _start(service: Service, document: Json, **nodes: str) -> Prepared:
    """`nodes`: the statuses that are waited for."""
    run_id = await service.start(document)

    def reached(run: Json) -> bool:
        return all(run["nodes"][node]["status"] == status for node, status in nodes.items())

    run = await until(lambda: service.get(run_id), reached)
    return Prepared(run_id, run["graph_id"])


async def _greeting(service: Service, folder: Path) -> Prepared:
    document = graph([{"id": "hello", "type": "test.emit", "params": {"value": {"$input": "name"}}}])
    answer = await service.http.post("/graphs", json=document | {"name": "greeting"})
    return Prepared("greeting-1", answer.json()["graph_id"])


async def _greeted(service: Service, folder: Path) -> Prepared:
    prepared = await _greeting(service, folder)
    order = {"graph_id": prepared.graph_id, "input": {"name": "Ada"}, "tags": ["example"]}
    run_id = (await service.http.post("/runs", json=order)).json()["run_id"]
    await service.ended(run_id)
    query = f'WandGraph = "greeting" AND ExecutionStatus = "Completed" AND WorkflowId = "{run_id}"'
    await until(lambda: TemporalCli(service.client).listed(query), bool)
    return Prepared(run_id, prepared.graph_id)


async def _gated(service: Service, folder: Path) -> Prepared:
    document = graph([gate("a", folder / "open"), echo("b")], [edge("a", "b")])
    return await _start(service, document, a="running")


async def _paused(service: Service, folder: Path) -> Prepared:
    prepared = await _start(service, graph([{"id": "ask", "type": "flow.approval"}, emit("b")]), ask="waiting")
    await service.http.post(f"/runs/{prepared.run_id}/pause")
    await _has_status(service, prepared.run_id, "paused")
    return prepared


async def _asking(service: Service, folder: Path) -> Prepared:
    return await _start(service, graph([{"id": "ask", "type": "flow.approval", "params": APPROVAL}]), ask="waiting")


async def _fetching(service: Service, folder: Path) -> Prepared:
    return await _start(service, graph([gate("fetch", folder / "never"), emit("b")]), fetch="running")


async def _retrying(service: Service, folder: Path) -> Prepared:
    retry = {"initial_interval_sec": 3600, "max_interval_sec": 3600}
    flaky = {"id": "fetch", "type": "test.flaky", "params": {"succeeds_at": 2}, "retry": retry}
    return await _start(service, graph([flaky]), fetch="retrying")


async def _failed(service: Service, folder: Path) -> Prepared:
    params = {"open": str(folder / "open")}
    document = graph([emit("a", 1), {"id": "b", "type": "test.gated", "params": params}], [edge("a", "b", x="@")])
    run = await service.run(document)
    (folder / "open").touch()
    return Prepared(run["run_id"], run["graph_id"])


async def _scheduled(service: Service, folder: Path) -> Prepared:
    prepared = await _greeting(service, folder)
    order = {"schedule_id": "nightly", "graph_id": prepared.graph_id, "every": "24h"}
    answer = await service.http.post("/schedules", json=order)
    assert answer.status_code == 201, answer.text
    return prepared


# What came of it


async def _is_greeted(service: Service, prepared: Prepared, printed: str) -> None:
    found = re.search(r"\br_[0-9a-f]{32}\b", printed)
    run = await until(lambda: _maybe(service, found.group() if found else prepared.run_id), bool)
    run = await service.ended(run["run_id"])
    assert (run["result"]["outputs"], run["tags"]) == ({"hello": "Ada"}, ["example"])
    assert run["graph_id"] == prepared.graph_id


async def _maybe(service: Service, run_id: str) -> Json:
    answer = await service.http.get(f"/runs/{run_id}")
    return dict(answer.json()) if answer.status_code == 200 else {}


async def _is_found(service: Service, prepared: Prepared, printed: str) -> None:
    assert prepared.run_id in printed


async def _is_shown(service: Service, prepared: Prepared, printed: str) -> None:
    assert prepared.run_id in printed or "paused" in printed
    assert "run.started" in printed


async def _has_status(service: Service, run_id: str, status: str) -> Json:
    return await until(lambda: service.get(run_id), lambda run: run["status"] == status)


async def _is_paused(service: Service, prepared: Prepared, printed: str) -> None:
    await _has_status(service, prepared.run_id, "paused")


async def _goes_on(service: Service, prepared: Prepared, printed: str) -> None:
    await service.http.post(f"/runs/{prepared.run_id}/nodes/ask/skip")
    assert "run.resumed" in [event["type"] for event in await _events_at_end(service, prepared, "succeeded")]


async def _events_at_end(service: Service, prepared: Prepared, status: str) -> list[Json]:
    run = await service.ended(prepared.run_id)
    assert run["status"] == status
    row = await service.store.runs.get(prepared.run_id)
    assert row is not None
    assert row.status == status
    return await service.events(prepared.run_id)


async def _is_answered(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "succeeded")
    assert (await service.get(prepared.run_id))["result"]["outputs"] == {"ask": {"ship": True}}
    assert "Ada answered ask" in [event["message"] for event in events]


async def _is_skipped(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "succeeded")
    assert [event["type"] for event in events if event["node"] == "fetch"][-1] == "node.skipped"


async def _is_tried(service: Service, prepared: Prepared, printed: str) -> None:
    await _events_at_end(service, prepared, "succeeded")


async def _is_held(service: Service, prepared: Prepared, printed: str) -> None:
    reason = ["somebody to unpause its activity in Temporal"]
    await until(lambda: service.get(prepared.run_id), lambda run: run["nodes"]["fetch"]["waiting_for"] == reason)
    answer = await service.http.post(f"/runs/{prepared.run_id}/nodes/fetch/retry")
    assert answer.status_code == 200, answer.text
    await _is_tried(service, prepared, printed)


async def _is_cancelled(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "cancelled")
    assert [event["type"] for event in events][-3:] == ["run.cancelling", "node.cancelled", "run.cancelled"]


async def _is_terminated(service: Service, prepared: Prepared, printed: str) -> None:
    events = await _events_at_end(service, prepared, "terminated")
    assert "it hangs" in events[-1]["message"]


async def _is_retried(service: Service, prepared: Prepared, printed: str) -> None:
    found = re.search(r"\br_[0-9a-f]{32}(?!-)\b", printed.replace(prepared.run_id, "-"))
    second = found.group() if found else f"{prepared.run_id}-again"
    await until(lambda: _maybe(service, second), lambda run: run.get("status") in ENDED)
    run = await service.get(second)
    assert (run["status"], run["retry_of"]) == ("succeeded", prepared.run_id)
    assert run["result"]["outputs"] == {"b": {"x": 1}}
    assert [event["type"] for event in await service.events(second, node="a")] == ["node.succeeded"]


async def _is_gone(service: Service, prepared: Prepared, printed: str) -> None:
    """From Temporal, too, at once where the API was called; otherwise it looks there now and then."""
    assert (await service.http.get(f"/runs/{prepared.run_id}")).status_code == 404
    if not printed:
        executions = TemporalCli(service.client)
        await until(lambda: executions.listed(f'WorkflowId = "{prepared.run_id}"'), lambda found: not found)


async def _schedule_is_paused(service: Service, prepared: Prepared, printed: str) -> None:
    async def paused() -> bool:
        return bool((await service.http.get("/schedules/nightly")).json()["paused"])

    await until(paused, bool)
    await service.http.delete("/schedules/nightly")


TRIALS = {
    "Start a run": Trial(_greeting, _is_greeted),
    "Find runs": Trial(_greeted, _is_found),
    "Look at a run": Trial(_paused, _is_shown),
    "Pause a run": Trial(_gated, _is_paused),
    "Resume a run": Trial(_paused, _goes_on),
    "Answer an approval": Trial(_asking, _is_answered),
    "Skip a node": Trial(_fetching, _is_skipped),
    "Retry a node": Trial(_retrying, _is_tried),
    "Hold one node": Trial(_retrying, _is_held),
    "Cancel a run": Trial(_gated, _is_cancelled),
    "Terminate a run": Trial(_gated, _is_terminated),
    "Retry a run": Trial(_failed, _is_retried),
    "Pause a schedule": Trial(_scheduled, _schedule_is_paused),
    "Delete a run": Trial(_greeted, _is_gone),
}


def test_every_operation_is_tried() -> None:
    assert {title for title, _ in BLOCKS} == set(TRIALS)


@pytest.mark.parametrize(("title", "block"), BLOCKS, ids=[f"{title}-{block.split()[0]}" for title, block in BLOCKS])
async def test_a_command_of_the_page_does_what_it_says(
    service: Service, tmp_path: Path, title: str, block: str
) -> None:
    trial = TRIALS[title]
    prepared = await trial.prepare(service, tmp_path)

    printed = await _run(service, block, RUN=prepared.run_id, GRAPH=prepared.graph_id)

    await trial.check(service, prepared, printed)
    await service.http.post(f"/runs/{prepared.run_id}/cancel")


async def _run(service: Service, block: str, **variables: str) -> str:
    """What the commands printed; only the addresses and the task queue are those of the test."""
    script = block.replace("http://127.0.0.1:8000", service.url)
    script = script.replace("--task-queue wand ", f"--task-queue {service.settings.task_queue} ")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", script),
        env=os.environ
        | variables
        | {"PATH": path, "TEMPORAL_ADDRESS": service.client.service_client.config.target_host},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    printed, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode() + printed.decode()
    assert "urn:wand:problem" not in printed.decode(), printed.decode()
    return printed.decode()
