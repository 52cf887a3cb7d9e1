"""What the documents have readers send and run does what they say."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.integration.service import Service
from tests.waiting import until

ROOT = Path(__file__).parents[2]

Events = Callable[[httpx.Client, str], Iterator[dict[str, Any]]]


def _first_graph() -> dict[str, Any]:
    """The body that README.md has curl send."""
    found = re.search(r" -d '(\{.*?\})'", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return dict(json.loads(found.group(1)))


def _python_client() -> Events:
    """`events` of docs/events.md, without the lines that call it."""
    found = re.search(r"```python\n(.*?)\nwith ", (ROOT / "docs" / "events.md").read_text(), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found.group(1), names)
    events: Events = names["events"]
    return events


async def _first_run(service: Service) -> dict[str, Any]:
    answer = await service.http.post("/runs", json=_first_graph())
    assert answer.status_code == 201, answer.text
    return await service.ended(answer.json()["run_id"])


async def test_the_first_graph_of_the_readme_ends_in_a_chart(service: Service) -> None:
    run = await _first_run(service)
    assert run["status"] == "succeeded"
    chart = await service.http.get(f"/runs/{run['run_id']}/artifacts/chart.svg")
    assert chart.headers["content-type"] == "image/svg+xml"
    assert "Squares" in chart.text


async def test_the_python_client_of_the_documents_gives_every_event_once(service: Service) -> None:
    run = await _first_run(service)
    client = _python_client()

    def read() -> list[dict[str, Any]]:
        with httpx.Client(base_url=service.url) as api:
            return list(client(api, run["run_id"]))

    events = await asyncio.to_thread(read)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run.succeeded"
    assert events == await service.events(run["run_id"])


async def test_the_schedule_of_the_document_is_taken_as_it_stands(service: Service) -> None:
    bodies = re.findall(r" -d '(\{.*?\})'", (ROOT / "docs" / "schedules.md").read_text(), re.DOTALL)
    create, backfill = map(json.loads, bodies)
    assert (await service.http.post("/graphs", json=_first_graph()["graph"])).status_code == 201

    created = await service.http.post("/schedules", json=create)
    filled = await service.http.post(f"{created.headers['location']}/backfill", json=backfill)
    shown = await until(
        lambda: service.http.get(created.headers["location"]), lambda shown: bool(shown.json().get("last_runs"))
    )
    deleted = await service.http.delete(created.headers["location"])

    assert (created.status_code, filled.status_code, deleted.status_code) == (201, 202, 204)
    first = shown.json()["last_runs"][-1]["run_id"]
    assert first.endswith("-2026-01-05T05:00:00Z")
    assert (await service.ended(first))["status"] == "succeeded"
