"""`kill -9` in the middle of a conversation: the same transcript, and nothing that is known is asked or done again."""

import asyncio
import itertools
import json
import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary

from tests.acceptance.conftest import StartWandDev
from tests.acceptance.event_log import EventLog
from tests.acceptance.test_kill import kill, start, succeeded
from tests.acceptance.wand_command import HTTP, wait_until
from wand_orchestrator.scripted_models import Asked, ModelServer, ScriptedAnswer, ScriptedCall

TURNS = 10
TOOLS: dict[str, dict[str, Any]] = {
    "alpha": {"params": {"value": 1}},
    "beta": {"params": {"value": "two"}},
    "slow": {"params": {"sec": 0.3}},
}
"""The arguments of each call, by tool."""
KILLS = int(os.environ.get("WAND_TEST_KILLS", "1"))
"""In each test; `make kills` sets more."""


def says(asked: Asked) -> ScriptedAnswer:
    """Calls three tools in each turn but the last, in which it tells how many results it has."""
    if asked.turn == TURNS - 1:
        return ScriptedAnswer(text=f"I have {len(asked.results)} results.", piece_sec=0.05)
    calls = tuple(ScriptedCall(name=name, arguments=given) for name, given in TOOLS.items())
    return ScriptedAnswer(text=f"Turn {asked.turn}.", calls=calls, piece=4, piece_sec=0.05)


@contextmanager
def models() -> Iterator[ModelServer]:
    """A server of models in a thread, which outlives all that is killed."""
    server, stop, ready = ModelServer(says), asyncio.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with server.serving():
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def conversation(folder: Path) -> dict[str, Any]:
    agents = {"alpha": "test.emit", "beta": "test.emit", "slow": "test.sleep"}
    tools = [{"agent": agent, "name": name, "params": {"folder": str(folder)}} for name, agent in agents.items()]
    params = {"model": "scripted", "prompt": "Begin.", "tools": tools}
    return {"name": "talk", "nodes": [{"id": "write", "type": "agent.llm", "params": params, "heartbeat_sec": 2}]}


def transcript(server: ModelServer, since: int) -> list[tuple[str, str, str]]:
    """What the last request holds: every message, call and result, in order."""
    asked = server.log[-1].asked
    assert len(server.log) > since
    return [(said.role, said.text, said.name) for said in asked.said]


@pytest.mark.parametrize("protocol", ["chat", "anthropic"])
def test_everything_is_killed_at_random_moments_of_a_conversation(
    wand_dev: StartWandDev, tmp_path: Path, protocol: str
) -> None:
    with models() as server:
        urls = {"chat": ("openai-chat:any", server.openai_url), "anthropic": ("anthropic:any", server.anthropic_url)}
        model, url = urls[protocol]
        file = tmp_path / "models.json"
        file.write_text(json.dumps({"scripted": {"model": model, "base_url": url}}))
        dev = wand_dev(WAND_MODELS=str(file))
        folder = dev.folder / "diary"
        folder.mkdir()
        diary = Diary(folder)
        undisturbed = start(dev.url, conversation(folder))
        wait_until(lambda: ended(dev.url, undisturbed), "the first run ended")
        expected, asked = transcript(server, 0), len(server.log)
        assert asked == TURNS

        folder = dev.folder / "second"
        folder.mkdir()
        diary = Diary(folder)
        begun: dict[str, int] = {}
        moments = sorted(random.Random(protocol).sample(range(2, (TURNS - 1) * 4), KILLS))
        run_id = start(dev.url, conversation(folder))
        with EventLog(dev.url, run_id) as log:
            for moment in moments:
                wait_until(lambda moment=moment: parts_done(log) >= moment, f"{moment} parts")  # type: ignore[misc]
                begun = succeeded(log, diary) | begun
                kill(dev, temporal_too=True)
                dev.restart()
            wait_until(lambda: log.ended, "the run ended")
        run = HTTP.get(f"{dev.url}/runs/{run_id}").json()
        assert run["result"]["outputs"] == {"write": {"text": f"I have {(TURNS - 1) * len(TOOLS)} results."}}
        assert transcript(server, asked) == expected
        assert TURNS <= len(server.log) - asked <= TURNS + KILLS
        numbers = [event["seq"] for event in log.events if event["type"] != "node.delta"]
        assert numbers == list(range(1, len(numbers) + 1))
        calls = {f"write[{turn}].{tool}" for turn, tool in itertools.product(range(TURNS - 1), TOOLS)}
        assert {node: diary.count("start", node) for node in begun.keys() & calls} == {
            node: count for node, count in begun.items() if node in calls
        }
        assert {diary.count("start", node) for node in calls} <= {1, 2}


def parts_done(log: EventLog) -> int:
    return sum(event["type"] == "node.succeeded" for event in log.events)


def ended(url: str, run_id: str) -> bool:
    return bool(HTTP.get(f"{url}/runs/{run_id}").json()["status"] == "succeeded")
