"""The views of graphs: names, one version, differences, the start form, the editor."""

import json
import re
import uuid
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.integration.service import Service
from tests.page.hostile import HOSTILE, MARK
from tests.page.tab import Tab, tab

SCHEMA = {
    "type": "object",
    "properties": {"count": {"type": "integer", "minimum": 1, "default": 3}, "word": {"type": "string"}},
    "required": ["count", "word"],
}


def node(id: str, expression: str = "@", **more: Any) -> dict[str, Any]:
    return {"id": id, "type": "agent.transform", "params": {"expression": expression}, **more}


def graph(name: str, *nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "nodes": list(nodes) or [node("a")], **more}


async def stored(service: Service, document: dict[str, Any]) -> str:
    answer = await service.http.post("/graphs", json=document)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["graph_id"])


async def typed(screen: Page, text: str) -> None:
    """Put the text in the place of what the editor holds, as a reader would."""
    field = screen.get_by_label("The graph's text")
    await field.focus()
    await screen.keyboard.press("Control+A")
    await screen.keyboard.insert_text(text)


async def test_names_are_searched_and_lead_to_versions_and_what_changed_between_them(
    page: Tab, service: Service
) -> None:
    name = f"named-{uuid.uuid4().hex}"
    await stored(service, graph(name, node("a"), node("gone"), options={"concurrency": 2}))
    newest = await stored(
        service,
        graph(name, node("a", "x"), node("come"), edges=[{"from": "a", "to": "come"}], options={"concurrency": 3}),
    )
    screen = await page.open("graphs")
    await screen.get_by_label("Search names").fill(name)
    await expect(screen).to_have_url(re.compile(f"search={name}"))
    row = screen.locator("table.cards tbody tr")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("version 2")
    await row.get_by_role("link", name=name, exact=True).click()
    await expect(screen).to_have_url(re.compile(newest))
    await expect(screen.locator("g.node")).to_have_count(2)
    await screen.get_by_role("button", name="YAML").click()
    await expect(screen.get_by_role("region", name="Document")).to_contain_text(f"name: {name}")
    await screen.get_by_role("link", name="Differences between version 1").click()
    for kind, what in (
        ("changed", "a"),
        ("removed", "gone"),
        ("added", "come"),
        ("added", "a → come"),
        ("changed", "options"),
    ):
        await expect(
            screen.locator(f".differences .mark[data-mark={kind}]").filter(has_text=what).first
        ).to_be_visible()
    await expect(screen.locator("g.node[data-mark=removed]")).to_contain_text("gone")
    await expect(screen.locator("g.edge[data-mark=added]")).to_have_count(1)
    await screen.get_by_text("/concurrency").wait_for()


async def test_a_version_is_deleted_after_a_question_and_a_refusal_is_shown(page: Tab, service: Service) -> None:
    graph_id = await stored(service, graph(f"deleted-{uuid.uuid4().hex}"))
    screen = await page.open(f"graphs/{graph_id}")
    await screen.get_by_role("button", name="Delete …").click()
    await service.http.delete(f"/graphs/{graph_id}")
    await screen.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await screen.get_by_role("alert").filter(has_text="there is no graph").wait_for()


async def test_a_run_is_started_with_its_faults_at_their_fields_and_with_a_file(page: Tab, service: Service) -> None:
    graph_id = await stored(service, graph(f"started-{uuid.uuid4().hex}", input_schema=SCHEMA))
    screen = await page.open(f"graphs/{graph_id}/start")
    count = screen.get_by_label("count")
    await expect(count).to_have_value("3")
    await screen.get_by_label("word").fill("hello")
    await screen.get_by_text("Files and tags").click()
    await screen.get_by_label("Files", exact=True).set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"}
    )
    await screen.get_by_role("button", name="Remove a.txt").wait_for()
    await screen.get_by_label("Tags").fill("mine  other")
    await count.fill("0")
    await screen.get_by_role("button", name="Start").click()
    await expect(screen.get_by_role("alert")).to_contain_text("/count")
    await expect(count).to_have_attribute("aria-invalid", "true")
    await count.fill("4")
    await screen.get_by_role("button", name="Start").click()
    await expect(screen).to_have_url(re.compile("#/run/r_"))
    run = await service.ended(screen.url.rsplit("/", 1)[1].partition("?")[0])
    assert (run["input"], run["tags"]) == ({"count": 4, "word": "hello"}, ["mine", "other"])
    await page.open(f"graphs/{graph_id}/start?run={run['run_id']}")
    await expect(screen.get_by_label("word")).to_have_value("hello")
    await expect(screen.get_by_label("count")).to_have_value("4")
    assert [
        each["name"] for each in (await service.http.get(f"/runs/{run['run_id']}/artifacts")).json()["artifacts"]
    ] == ["a.txt"]


async def test_the_editor_shows_faults_at_their_lines_draws_what_can_be_read_and_stores_it(
    page: Tab, service: Service
) -> None:
    name = f"written-{uuid.uuid4().hex}"
    screen = await page.open("graphs/new")
    await screen.get_by_text("Without a fault").wait_for()
    await typed(screen, json.dumps(graph(name, node("a"), node("b", type="agent.transfrom")), indent=1))
    await screen.get_by_text("1 fault.").wait_for()
    await expect(screen.locator("g.node")).to_have_count(2)
    await expect(screen.locator("g.node[data-mark=fault]")).to_contain_text("b")
    await screen.locator(".faults button").click()
    field = screen.get_by_label("The graph's text")
    lines = "e => e.value.slice(0, e.selectionStart).split('\\n').length"
    assert (
        await field.evaluate(lines)
        == json.dumps(graph(name, node("a"), node("b")), indent=1).split("\n").index('   "id": "b",') + 2
    )
    await typed(screen, '{"name":\n  ]')
    await expect(screen.locator(".faults button")).to_contain_text("2:3")
    await expect(screen.locator("g.node")).to_have_count(2)
    await screen.keyboard.press("Control+Z")
    await screen.get_by_text("1 fault.").wait_for()
    await screen.get_by_role("button", name="YAML").click()
    await expect(field).to_have_value(re.compile(f"^name: {name}\n"))
    await typed(
        screen, f"# mine\nname: {name}\nnodes:\n- {{id: first, type: agent.transform, params: {{expression: '@'}}}}\n"
    )
    await screen.get_by_text("Without a fault").wait_for()
    await screen.get_by_role("button", name="Put in agent.transform").click()
    await expect(field).to_have_value(re.compile("id: transform,"))
    await screen.get_by_role("button", name="Put in flow.wait").click()
    await expect(screen.locator("g.node")).to_have_count(3)
    await screen.get_by_role("button", name="Save", exact=True).click()
    await screen.get_by_text("It was not stored").wait_for()
    await screen.reload()
    await screen.get_by_text("have not stored").wait_for()
    await typed(screen, f"name: {name}\nnodes:\n- {{id: first, type: agent.transform, params: {{expression: '@'}}}}\n")
    await screen.get_by_role("button", name="Save", exact=True).click()
    await screen.get_by_role("heading", name=f"{name} version 1").wait_for()


async def test_no_text_of_a_graph_is_run_in_any_of_its_views(page: Tab, service: Service) -> None:
    nodes = [node(f"n{at}", json.dumps(text)) for at, text in enumerate(HOSTILE)]
    properties = {text: {"type": "string", "title": text, "description": text, "default": text} for text in HOSTILE}
    document = graph(HOSTILE[0], node("a", params={"expression": "@", "x": 1}), input_schema={"properties": properties})
    document["nodes"] = [
        node("a"),
        *(
            {**each, "params": {"expression": f"'{at}'"}, "input": {"k": {"$literal": HOSTILE[at]}}}
            for at, each in enumerate(nodes)
        ),
    ]
    one = await stored(service, {**document, "input_schema": {"type": "object", "properties": properties}})
    other = await stored(service, {**document, "nodes": document["nodes"][:3]})
    for view in ("graphs", f"graphs/{one}", f"graphs/{one}/diff/{other}", f"graphs/{one}/start", f"graphs/{one}/edit"):
        screen = await page.open(view)
        await expect(screen.get_by_text(HOSTILE[0]).first).to_be_attached()
        assert await screen.evaluate(f"window.{MARK}") is None, view


@pytest.mark.page
async def test_no_view_of_graphs_has_a_fault_of_accessibility(chromium: Browser, service: Service) -> None:
    name = f"accessible-{uuid.uuid4().hex}"
    one = await stored(service, graph(name, node("a"), node("b"), input_schema=SCHEMA))
    other = await stored(service, graph(name, node("a", "x"), input_schema=SCHEMA))
    views = {
        "graphs": "table.cards",
        f"graphs/{one}": "g.node",
        f"graphs/{one}/diff/{other}": "g.node",
        f"graphs/{one}/start": "form.start",
        f"graphs/{one}/edit": "g.node",
    }
    async with tab(chromium, service.url, bypass_csp=True) as opened:
        for view, seen in views.items():
            screen = await opened.open(view)
            await screen.locator(seen).first.wait_for()
            assert await opened.accessibility_faults() == [], view
            if "diff" in view:  # where most colours are
                await screen.emulate_media(color_scheme="dark")
                assert await opened.accessibility_faults() == [], "dark"
