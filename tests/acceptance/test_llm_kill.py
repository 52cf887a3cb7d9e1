"""`kill -9` in the middle of a conversation: the same transcript, and nothing that is known is asked or done again."""

import asyncio
import itertools
import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sample_agents import Diary

from tests.acceptance.conftest import StartWandDev
from tests.acceptance.event_log import EventLog
from tests.acceptance.test_kill import Apart, kill, start, status
from tests.acceptance.wand_command import HTTP, RunningWand, WandDev, wait_until
from wand_orchestrator.scripted_models import Asked, ModelServer, ScriptedAnswer, ScriptedCall

TURNS = 10
TOOLS: dict[str, dict[str, Any]] = {
    "alpha": {"params": {"value": 1}},
    "beta": {"params": {"value": "two"}},
    "slow": {"params": {"sec": 0.3}},
}
"""The arguments of each call, by tool."""
RESULTS = {"alpha": "1", "beta": "two", "slow": '{"slept":0.3}'}
CALLS = {f"write[{turn}].{tool}" for turn, tool in itertools.product(range(TURNS - 1), TOOLS)}
"""The parts that call tools."""
EVENTS_OF_A_TURN = 2 * (1 + len(TOOLS))
"""At least: each part is scheduled, and succeeds."""
PROTOCOLS = ("chat", "anthropic")
KILLS = int(os.environ.get("WAND_TEST_KILLS", "1"))
"""Of each victim of a test; `make kills` sets more."""


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
    node = {"id": "write", "type": "agent.llm", "params": params, "heartbeat_sec": 2, "retries": 2 * KILLS}
    return {"name": "talk", "nodes": [node]}


def aliases(folder: Path, server: ModelServer, protocol: str) -> str:
    """The path of a file of aliases, in which `scripted` speaks this protocol."""
    urls = {"chat": ("openai-chat:any", server.openai_url), "anthropic": ("anthropic:any", server.anthropic_url)}
    model, url = urls[protocol]
    file = folder / "models.json"
    file.write_text(json.dumps({"scripted": {"model": model, "base_url": url}}))
    return str(file)


def undisturbed() -> list[tuple[str, Any]]:
    """The transcript of a conversation in which nothing happens twice and nothing is missing."""
    said: list[tuple[str, Any]] = [("user", "Begin.")]
    for turn in range(TURNS - 1):
        said.append(("assistant", f"Turn {turn}."))
        said += [("call", (name, given)) for name, given in TOOLS.items()]
        said += [("result", RESULTS[name]) for name in TOOLS]
    return said


def transcript(server: ModelServer) -> list[tuple[str, Any]]:
    """What the last request has: every message, call and result, in order."""
    said = server.log[-1].asked.said
    return [(each.role, (each.name, json.loads(each.text)) if each.role == "call" else each.text) for each in said]


class Conversation:
    """A run whose processes are killed, and what was known of it before each kill. `seed`: of the moments."""

    def __init__(self, url: str, folder: Path, server: ModelServer, seed: str) -> None:
        folder.mkdir()
        self._url = url
        self._server = server
        self._diary = Diary(folder)
        self._run_id = start(url, conversation(folder))
        self._log = EventLog(url, self._run_id)
        self._random = random.Random(seed)
        self._known: dict[str, int] = {}

    def killed_by(self, *kills: Callable[[], None]) -> None:
        """Kill in turn, KILLS times each, at random moments: behind an event, or behind a piece of the model's text."""
        moments = sorted(self._random.sample(range(2, (TURNS - 1) * EVENTS_OF_A_TURN), KILLS * len(kills)))
        with self._log:
            for moment, kill_it in zip(moments, itertools.cycle(kills), strict=False):
                wait_until(lambda moment=moment: self._seen >= moment, f"{moment} events came")  # type: ignore[misc]
                self._known = self._counted() | self._known
                kill_it()
            wait_until(lambda: self._log.ended, "the run ended")

    @property
    def _seen(self) -> int:
        return len(self._log.events) + len(self._log.deltas)

    def _counted(self) -> dict[str, int]:
        """How often each part was begun that has succeeded: tools by their own notes, turns by the model's server."""
        return {node: count for node, count in self._begun().items() if self._log.seen("node.succeeded", node)}

    def _begun(self) -> Counter[str]:
        turns = Counter(f"write[{exchange.asked.turn}]" for exchange in self._server.log)
        return turns + Counter(node for what, node, _ in self._diary.entries() if what == "start")

    def check(self, *, again: int) -> None:
        """Check how the run ended. `again`: turns whose call of the model, or whose calls of tools, the kills may have
        met in flight, at most.
        """
        assert [event["seq"] for event in self._log.events] == list(range(1, len(self._log.events) + 1))
        assert self._log.events[-1]["type"] == "run.succeeded"
        wait_until(lambda: status(self._url, self._run_id) == "succeeded", "its result stood in the database")
        run = HTTP.get(f"{self._url}/runs/{self._run_id}").json()
        assert run["result"]["outputs"] == {"write": {"text": f"I have {(TURNS - 1) * len(TOOLS)} results."}}
        assert transcript(self._server) == undisturbed()
        begun = self._begun()
        assert {node: begun[node] for node in self._known} == self._known
        assert TURNS <= len(self._server.log) <= TURNS + again
        assert begun.keys() - CALLS == {f"write[{turn}]" for turn in range(TURNS)}
        assert len(CALLS) <= sum(begun[node] for node in CALLS) <= len(CALLS) + again * len(TOOLS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_everything_is_killed_at_random_moments_of_a_conversation(
    wand_dev: StartWandDev, tmp_path: Path, protocol: str
) -> None:
    with models() as server:
        dev = wand_dev(WAND_MODELS=aliases(tmp_path, server, protocol))

        def kill_all() -> None:
            kill(dev, temporal_too=True)
            dev.restart()

        talk = Conversation(dev.url, dev.folder / "diary", server, protocol)
        talk.killed_by(kill_all)
        talk.check(again=KILLS)


@pytest.mark.parametrize("protocol", PROTOCOLS if KILLS > 1 else PROTOCOLS[:1])
def test_worker_and_api_are_killed_apart_at_random_moments_of_a_conversation(
    shared_wand: WandDev, tmp_path: Path, protocol: str
) -> None:
    with models() as server:
        apart = Apart(shared_wand.temporal_address, tmp_path, WAND_MODELS=aliases(tmp_path, server, protocol))
        with both(apart) as kill_one:
            talk = Conversation(apart.url, tmp_path / "diary", server, f"{protocol} apart")
            talk.killed_by(lambda: kill_one("worker"), lambda: kill_one("api"))
            talk.check(again=KILLS)


@contextmanager
def both(apart: Apart) -> Iterator[Callable[[str], None]]:
    """An API and a worker; call what this gives to kill one of them, and start another in its place."""
    starts, numbers = {"api": apart.api, "worker": apart.worker}, itertools.count()
    running: dict[str, RunningWand] = {}

    def begin(name: str) -> None:
        running[name] = starts[name](f"{name}-{next(numbers)}")

    def kill_one(name: str) -> None:
        running[name].kill()
        begin(name)

    try:
        begin("api")
        begin("worker")
        yield kill_one
    finally:
        for process in running.values():
            if process.status is None:
                process.kill()
