"""Text that agents emit, over SSE: whoever comes, comes back or is late shows the final text and no other."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_cases import edge, graph
from tests.integration.service import Json, Service, running_service
from tests.integration.subscriber import Subscriber
from tests.waiting import until

PIECES = ["ä", "one two ", "😀", "line\nand\r\n\n", '"quoted" data: id: 7\n\n', "\u2028", "end. "]
RECONNECTS = 200


@pytest.fixture(scope="module", params=["beside", "apart"])
async def speaking(
    request: pytest.FixtureRequest, temporal_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """An API with the worker in its process, and one that knows of none there, as in production."""
    folder, beside = tmp_path_factory.mktemp("speaking"), request.param == "beside"
    options: dict[str, Any] = {"plugins": "emitting_agents", "shared_feed": beside}
    async with running_service(temporal_client, folder, **options) as running:
        yield running


class Reader:
    """A client that follows docs/events.md: one text for each node, and the id of the last event that had one."""

    def __init__(self, service: Service, run_id: str) -> None:
        self.service = service
        self.run_id = run_id
        self.last_id: int | None = None
        self.texts: dict[str, str] = {}
        self.events: list[Json] = []
        self.deltas: list[Json] = []
        self.final: dict[str, str] = {}
        self.ended = False

    async def read(self, most_bytes: int | None = None, *, one_delta: bool = False) -> None:
        """Read a connection to its end, or cut it off behind so many bytes, wherever that is, or behind a delta."""
        known = len(self.deltas)
        headers = {} if self.last_id is None else {"Last-Event-ID": str(self.last_id)}
        async with self.service.http.stream("GET", f"/runs/{self.run_id}/stream", headers=headers) as answer:
            assert answer.status_code in (200, 204)
            received, left = b"", most_bytes
            async for data in answer.aiter_raw():
                received += data if left is None else data[:left]
                *frames, received = received.split(b"\n\n")
                for frame in frames:
                    self._take(frame.decode())
                if one_delta and len(self.deltas) > known:
                    return
                if left is not None and (left := left - len(data)) <= 0:
                    return
        self.ended = True

    def _take(self, frame: str) -> None:
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if not line.startswith(":"))
        if not fields:
            return
        event = json.loads(fields["data"])
        if fields["event"] == "node.delta":
            assert "id" not in fields
            self.deltas.append(event)
            before = self.texts.get(event["node"], "") if event["offset"] else ""
            assert event["offset"] == len(before)
            self.texts[event["node"]] = before + event["text"]
            return
        assert int(fields["id"]) == event["seq"] == (self.last_id or 0) + 1
        self.last_id = event["seq"]
        self.events.append(event)
        if event["type"] == "node.retrying":
            self.texts.pop(event["node"], None)
        if event["type"] == "node.succeeded" and "text" in event["data"]:
            self.final[event["node"]] = event["data"]["text"]
            assert self.final[event["node"]].startswith(self.texts.get(event["node"], ""))
            self.texts[event["node"]] = self.final[event["node"]]


def _node(id: str = "w", type: str = "emit.async", **params: Any) -> Json:
    return {"id": id, "type": type, "params": {"pieces": PIECES} | params}


def _text(times: int = 1, attempt: int = 1, pieces: list[str] = PIECES) -> str:
    return "".join(f"{attempt}{piece}" for piece in pieces * times)


async def test_two_hundred_reconnects_at_any_byte_show_the_final_text(speaking: Service, tmp_path: Path) -> None:
    """Cut off between frames, within one, within a character, all while one answer is under way."""
    rng = random.Random(7)
    run_id = await speaking.start(graph([_node(times=80, pause_sec=0.01, gate=str(tmp_path), waits=[559])]))
    reader = Reader(speaking, run_id)
    for _ in range(RECONNECTS // 2):
        await reader.read(one_delta=True)
        await reader.read(most_bytes=rng.randrange(1, 100 + len(reader.texts["w"])))
    (tmp_path / "1.559").touch()
    await reader.read()

    assert reader.ended
    assert len([delta for delta in reader.deltas if delta["offset"] == 0]) >= RECONNECTS // 2
    assert reader.texts["w"] == reader.final["w"] == _text(80)
    assert (await speaking.ended(run_id))["result"]["outputs"]["w"]["text"] == _text(80)


@pytest.mark.parametrize("type", ["emit.async", "emit.plain"])
async def test_a_text_is_seen_while_its_agent_runs_also_by_who_comes_late(
    speaking: Service, tmp_path: Path, type: str
) -> None:
    node = _node(type=type, times=2, gate=str(tmp_path), waits=[3, 10])
    run_id = await speaking.start(graph([node]))
    early, late = Reader(speaking, run_id), Reader(speaking, run_id)
    reading = asyncio.create_task(early.read())
    await until(lambda: _now(early.texts.get("w")), lambda text: text == _text(pieces=PIECES[:3]))
    (tmp_path / "1.3").touch()
    await until(lambda: _now(early.texts.get("w")), lambda text: text == _text() + _text(pieces=PIECES[:3]))

    reading_late = asyncio.create_task(late.read())
    await until(lambda: _now(late.texts.get("w")), lambda text: text == early.texts["w"])
    (tmp_path / "1.10").touch()
    await asyncio.gather(reading, reading_late)

    for reader in (early, late):
        assert reader.texts["w"] == reader.final["w"] == _text(2)
        assert [event["type"] for event in reader.events][-2:] == ["node.succeeded", "run.succeeded"]
    assert late.deltas[0]["offset"] == 0


async def _now(value: Any) -> Any:
    return value


async def test_an_attempt_that_breaks_off_is_followed_by_one_that_begins_at_0(
    speaking: Service, tmp_path: Path
) -> None:
    node = _node(fails=1, gate=str(tmp_path), waits=[5]) | {"retries": 1}
    run_id = await speaking.start(graph([node]))
    reader = Reader(speaking, run_id)
    reading = asyncio.create_task(reader.read())
    await until(lambda: _now(reader.texts.get("w")), lambda text: text == _text(pieces=PIECES[:5]))
    (tmp_path / "1.5").touch()
    await until(lambda: _now(reader.texts.get("w")), lambda text: text == _text(attempt=2, pieces=PIECES[:5]))
    (tmp_path / "2.5").touch()
    await reading

    second = [delta for delta in reader.deltas if delta["attempt"] == 2]
    assert {delta["attempt"] for delta in reader.deltas} == {1, 2}
    assert second[0]["offset"] == 0
    assert reader.deltas[-len(second) :] == second
    assert reader.texts["w"] == reader.final["w"] == _text(attempt=2)


async def test_nothing_of_it_stands_in_the_history_or_the_journal(speaking: Service, tmp_path: Path) -> None:
    """Of an agent whose output is something else: what it emitted is for eyes alone."""
    pieces = ["for-", "eyes-", "alone"]
    node = _node(pieces=pieces, gate=str(tmp_path), waits=[2], returns=False)
    run_id = await speaking.start(graph([node]))
    reader = Reader(speaking, run_id)
    reading = asyncio.create_task(reader.read())
    await until(lambda: _now(reader.texts.get("w")), lambda text: text == "1for-1eyes-")
    (tmp_path / "1.2").touch()
    await reading
    run = await speaking.ended(run_id)

    history = await speaking.client.get_workflow_handle(run_id).fetch_history()
    journal = json.dumps(await speaking.events(run_id))
    assert run["result"]["outputs"]["w"] == {"characters": len("1for-1eyes-1alone")}
    recorded = b"".join(event.SerializeToString() for event in history.events).decode("utf-8", "replace")
    assert "eyes-" in recorded  # as a param of the node
    for place in (recorded, journal):
        assert "1eyes" not in place
        assert "node.delta" not in place
    assert "text" not in reader.events[-2]["data"]


async def test_a_cancelled_text_ends_with_its_node(speaking: Service, tmp_path: Path) -> None:
    run_id = await speaking.start(graph([_node(gate=str(tmp_path), waits=[4])]))
    reader = Reader(speaking, run_id)
    reading = asyncio.create_task(reader.read())
    await until(lambda: _now(reader.texts.get("w")), lambda text: text == _text(pieces=PIECES[:4]))
    await speaking.http.post(f"/runs/{run_id}/cancel")
    await reading

    assert reader.texts["w"] == _text(pieces=PIECES[:4])
    assert [event["type"] for event in reader.events][-2:] == ["node.cancelled", "run.cancelled"]


async def test_items_of_a_map_and_nodes_of_child_runs_are_named_as_in_events(speaking: Service, tmp_path: Path) -> None:
    """The parent's stream has the deltas of its child runs, as it has their events; theirs have them, too."""
    params = {"pieces": ["x", {"$expr": "item"}, "y"], "gate": str(tmp_path), "waits": [2]}
    name = f"inner-{tmp_path.name}"
    inner = [_node("deep", pieces=["d", "e"], gate=str(tmp_path), waits=[1])]
    answer = await speaking.http.post("/graphs", json=graph(inner) | {"name": name})
    assert answer.status_code == 201, answer.text
    nodes = [
        {"id": "m", "type": "flow.map", "params": {"agent": "emit.async", "params": params, "items": ["a", "b"]}},
        {"id": "sub", "type": "flow.graph", "params": {"graph": name}},
    ]
    run_id = await speaking.start(graph(nodes))
    reader = Reader(speaking, run_id)
    reading = asyncio.create_task(reader.read())
    shown = {"m[0]": "1x1a", "m[1]": "1x1b", "sub/deep": "1d"}
    await until(lambda: _now(dict(reader.texts)), lambda texts: texts == shown)
    theirs = Reader(speaking, f"{run_id}.sub")
    reading_theirs = asyncio.create_task(theirs.read())
    await until(lambda: _now(dict(theirs.texts)), lambda texts: texts == {"deep": "1d"})
    (tmp_path / "1.1").touch()
    (tmp_path / "1.2").touch()
    await asyncio.gather(reading, reading_theirs)

    assert reader.texts == reader.final == {"m[0]": "1x1a1y", "m[1]": "1x1b1y", "sub/deep": "1d1e"}
    assert theirs.texts == theirs.final == {"deep": "1d1e"}


async def test_a_subscriber_that_wants_no_text_gets_none(speaking: Service) -> None:
    run_id = await speaking.start(graph([_node()]))
    async with speaking.http.stream("GET", f"/runs/{run_id}/stream?deltas=false") as answer:
        frames = (await answer.aread()).decode()
    assert "run.succeeded" in frames
    assert "node.delta" not in frames


async def test_a_local_agent_is_seen_beside_the_api_and_its_text_comes_with_its_end(speaking: Service) -> None:
    local = _node(type="emit.local", times=3)
    run_id = await speaking.start(graph([local, _node("after")], [edge("w", "after")]))
    reader = Reader(speaking, run_id)
    await reader.read()
    assert reader.final["w"] == _text(3)
    assert reader.texts.get("w", _text(3)) == _text(3)


async def test_a_text_of_many_megabytes_keeps_heartbeats_small_and_comes_to_its_end(
    speaking: Service, tmp_path: Path
) -> None:
    size = 3 * 1024**2
    node = _node(pieces=["x" * (size // 64)], times=64, gate=str(tmp_path), waits=[63])
    run_id = await speaking.start(graph([node]))
    reader = Reader(speaking, run_id)
    reading = asyncio.create_task(_tolerant(reader))
    handle = speaking.client.get_workflow_handle(run_id)

    async def heartbeat_bytes() -> int:
        pending = (await handle.describe()).raw_description.pending_activities
        return max((info.heartbeat_details.ByteSize() for info in pending), default=0)

    assert 16 * 1024 < await until(heartbeat_bytes, lambda size: size > 16 * 1024) < 40 * 1024
    (tmp_path / "1.63").touch()
    await reading
    succeeded = next(event for event in reader.events if event["type"] == "node.succeeded")
    assert "text" not in succeeded["data"]
    assert reader.events[-1]["type"] == "run.succeeded"


async def test_no_heartbeat_is_kept_outside_of_temporal(temporal_client: Client, tmp_path: Path) -> None:
    """Not even where values are, that are half as large as a heartbeat may be."""
    options: dict[str, Any] = {"plugins": "emitting_agents", "payload_threshold_bytes": 16 * 1024}
    async with running_service(temporal_client, tmp_path / "data", **options) as service:
        node = _node(pieces=["x" * 1000], times=50, gate=str(tmp_path), waits=[49], returns=False)
        handle = service.client.get_workflow_handle(await service.start(graph([node])))

        async def told() -> str:
            pending = (await handle.describe()).raw_description.pending_activities
            details = [payload.data.decode() for info in pending for payload in info.heartbeat_details.payloads]
            return details[2] if len(details) == 3 else ""

        text = json.loads(await until(told, lambda details: len(details) > 7000))
        assert text["text"].endswith("x" * 1000)
        (tmp_path / "1.49").touch()
        await handle.result()


async def _tolerant(reader: Reader) -> None:
    """Read the events, and no deltas: a part of them may be missing."""
    async with aclosing(await Subscriber.open(reader.service.url, reader.run_id)) as subscriber:
        reader.events = [event async for event in subscriber.events() if event["type"] != "node.delta"]
