"""Twenty researchers in a map under one budget of money, while their workers are killed: the server's own count never
passes the budget.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import graph
from tests.integration.graph_runs import Runs, ended, serve
from tests.integration.model_calls import aliases_of
from tests.integration.worker_process import worker_process
from wand_orchestrator.scripted_models import Asked, Exchange, ModelServer, ScriptedAnswer, ScriptedCall

RESEARCHERS = 20
AT_ONCE = 3
BUDGET_USD = 0.05
"""Less than all of them cost together."""

KILLED_AT = (4, 10)
"""Requests in whose midst the worker is killed that made them, and others with it."""


PROMPT = "Find out about {{ item }}. " + "Be thorough. " * 300


def says(asked: Asked) -> ScriptedAnswer:
    """A call of a tool, then the answer, in pieces that take some time."""
    if asked.turn < 1:
        return ScriptedAnswer(calls=(ScriptedCall(name="test_double", arguments={"number": asked.turn}),))
    return ScriptedAnswer(text="found " * 120, piece=60, piece_sec=0.005)


class Workers:
    """Runs one worker at a time; kills it, and starts another, when the server is asked for the nth time."""

    def __init__(self, address: str, queue: str, folder: Path) -> None:
        self._arguments = (address, queue, folder)
        self._stack = AsyncExitStack()
        self._asked = 0
        self._current: asyncio.subprocess.Process | None = None
        self.killed = 0

    async def start(self) -> None:
        self._current = await self._stack.enter_async_context(worker_process(*self._arguments, calls_models=True))

    async def heard(self, _: Exchange) -> None:
        self._asked += 1
        if self._asked in KILLED_AT and self._current is not None and self._current.returncode is None:
            self._current.kill()
            await self._current.wait()
            self.killed += 1
            await self.start()

    async def __aenter__(self) -> "Workers":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


@pytest.fixture
async def runs(temporal_client: Client, tmp_path: Path) -> AsyncIterator[Runs]:
    async for running in serve(temporal_client, tmp_path / "data"):
        yield running


async def test_twenty_researchers_never_pass_their_budget_though_their_workers_are_killed(
    runs: Runs, temporal_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ModelServer(says)
    async with server.serving():
        models = tmp_path / "models.json"
        models.write_text(json.dumps(aliases_of(server, max_tokens=200)))
        monkeypatch.setenv("WAND_MODELS", str(models))
        monkeypatch.setenv("SCRIPTED_KEY", "sk-scripted")
        address, queue = temporal_client.service_client.config.target_host, f"{runs.task_queue}-models"
        async with Workers(address, queue, tmp_path / "data") as workers:
            server.heard = workers.heard
            handle = await runs.start(researchers(queue))
            state = await ended(handle)

    assert state.error is None
    outputs: dict[str, Any] = (await handle.result()).outputs["m"]
    assert workers.killed == len(KILLED_AT)
    assert server.usd <= BUDGET_USD
    assert {error["code"] for error in outputs["errors"]} <= {"budget_exceeded"}
    assert any(output is not None for output in outputs["outputs"])
    assert any(output is None for output in outputs["outputs"])
    assert state.usage is not None
    assert state.usage.usd is not None
    assert state.usage.usd <= server.usd + 1e-12  # what a killed worker heard, it tells nobody


def researchers(queue: str) -> dict[str, Any]:
    llm = {"model": "chat", "prompt": PROMPT, "tools": ["test.double"]}
    params = {
        "agent": "agent.llm",
        "params": llm,
        "items": [f"topic {number}" for number in range(RESEARCHERS)],
        "concurrency": AT_ONCE,
        "tolerate": RESEARCHERS,
    }
    node = {"id": "m", "type": "flow.map", "params": params, "queue": queue, "heartbeat_sec": 1, "timeout_sec": 60}
    return graph([node], options={"max_retries": 1, "budget": {"usd": BUDGET_USD}})
