"""Every recipe of docs/cookbook.md runs as it stands, and gives the result that stands below it."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.service import Json, Service, running_service
from tests.integration.web_server import WebServer, response, web_server
from tests.waiting import until

COOKBOOK = Path(__file__).parents[2] / "docs" / "cookbook.md"
RECIPE = re.compile(r"^## (.+?)\n(.*?)(?=^##? |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```json ?(.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SITE = "https://example.com"

PAGES: dict[str, Any] = {
    "/search": {"results": [{"url": f"{SITE}/found", "title": "Found"}]},
    "/found": {"words": 120},
    "/a": {"words": 10},
    "/b": {"words": 20},
}


@dataclass
class Recipe:
    """`graphs`: those before the last are stored under their names. `acts`: what happens while the run goes on."""

    title: str
    graphs: list[Json] = field(default_factory=list)
    input: Any = None
    acts: list[tuple[str, str, Any]] = field(default_factory=list)
    expected: dict[str, Any] = field(default_factory=dict)


def recipes() -> Iterator[Recipe]:
    for title, body in RECIPE.findall(COOKBOOK.read_text()):
        recipe = Recipe(title)
        for info, text in BLOCK.findall(body):
            kind, _, name = info.partition(" ")
            value = json.loads(text)
            match kind:
                case "":
                    recipe.graphs.append(value)
                case "input":
                    recipe.input = value
                case "result" | "error":
                    recipe.expected[kind] = value
                case _:
                    recipe.acts.append((kind, name, value))
        yield recipe


RECIPES = list(recipes())


@asynccontextmanager
async def _site() -> AsyncIterator[WebServer]:
    """The pages that the recipes fetch, on loopback; a link in a page leads to this server."""
    async with web_server() as site:
        for path, page in PAGES.items():
            body = _moved(page, site)
            site.answers[path] = response(body=json.dumps(body).encode(), Content_Type="application/json")
        yield site


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[WebServer]:
    async with _site() as served:
        yield served


@pytest.fixture(scope="module")
async def kitchen(temporal_client: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("cookbook")
    async with running_service(temporal_client, folder, fetch_allow="127.0.0.1", rates="provider=100/s") as running:
        yield running


def _moved(value: Any, site: WebServer) -> Any:
    return json.loads(json.dumps(value).replace(SITE, site.url("")))


async def _act(service: Service, run_id: str, kind: str, name: str, value: Any) -> None:
    if kind == "answer":
        waits = await until(
            lambda: service.get(run_id), lambda run: run["nodes"].get(name, {}).get("status") == "waiting"
        )
        assert waits
        answer = await service.http.post(f"/runs/{run_id}/nodes/{name}/respond", json={"answer": value})
    else:
        assert kind == "event"
        answer = await service.http.post(f"/runs/{run_id}/events/{name}", json=value)
    assert answer.status_code in (200, 202), answer.text


def test_every_recipe_has_a_graph_and_what_comes_of_it() -> None:
    assert len(RECIPES) >= 20
    assert all(recipe.graphs and recipe.expected for recipe in RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.title for recipe in RECIPES])
async def test_a_recipe_gives_its_result(recipe: Recipe, kitchen: Service, site: WebServer) -> None:
    *stored, graph = _moved(recipe.graphs, site)
    for document in stored:
        answer = await kitchen.http.post("/graphs", json=document)
        assert answer.status_code == 201, answer.text

    run_id = await kitchen.start(graph, _moved(recipe.input, site))
    for kind, name, value in recipe.acts:
        await _act(kitchen, run_id, kind, name, value)
    run = await kitchen.ended(run_id)

    expected = _moved(recipe.expected, site)
    assert run["status"] == ("succeeded" if "result" in expected else "failed"), run["error"]
    if "result" in expected:
        assert run["result"]["outputs"] == expected["result"]
    else:
        assert {key: run["error"][key] for key in expected["error"]} == expected["error"]
