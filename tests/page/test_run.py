"""The view of a run: watched, answered, steered, and looked at in its past."""

import asyncio
import json
import random
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.integration.service import Service
from tests.page.tab import Tab, tab
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.state import RunState, fold


def transform(id: str, expression: str = "@", **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": "agent.transform", "params": {"expression": expression}, **rest}


ANSWER = {
    "type": "object",
    "properties": {
        "send": {"type": "boolean"},
        "count": {"type": "integer", "minimum": 2},
        "to": {"type": "array", "items": {"type": "string"}},
        "tone": {"enum": ["warm", "plain"], "default": "plain"},
    },
    "required": ["send", "count"],
}
MIXED: dict[str, Any] = {
    "name": "mixed",
    "nodes": [
        transform("items", "`[1, 2, 3]`"),
        {"id": "each", "type": "flow.map", "params": {"agent": "agent.transform", "params": {"expression": "item"}}},
        transform("never"),
        {"id": "review", "type": "flow.approval", "params": {"prompt": "Send it?", "schema": ANSWER}},
        transform("end"),
    ],
    "edges": [
        {"from": "items", "to": "each", "map": {"items": "@"}},
        {"from": "items", "to": "never", "when": "`false`", "map": {"x": "[0]"}},
        {"from": "each", "to": "review"},
        {"from": "review", "to": "end", "map": {"answer": "@"}},
    ],
}
FAILING: dict[str, Any] = {
    "name": "failing",
    "nodes": [
        transform("first", "`1`"),
        {"id": "second", "type": "flow.fail", "params": {"code": "no_way", "message": "It stops here."}},
    ],
    "edges": [{"from": "first", "to": "second"}],
}
MOMENT = """async (seq) => {
  const { RunStore } = await import("/page/run/run-store.js");
  const store = new RunStore(location.hash.split("/")[2].split("?")[0]);
  store.start();
  while (!store.ended) await new Promise((resolve) => setTimeout(resolve, 20));
  const state = store.stateAt(seq);
  store.stop();
  return JSON.stringify({ status: state.status, progress: state.progress,
    nodes: Object.fromEntries([...state.nodes].map(([name, node]) => [name, node.status])) });
}"""


def node(screen: Page, id: str) -> Any:
    return screen.locator(f'.drawing [data-node="{id}"]')


async def test_a_run_is_watched_answered_in_the_page_and_seen_to_go_on(page: Tab, service: Service) -> None:
    run = await service.start(MIXED)
    screen = await page.open(f"run/{run}")
    await expect(node(screen, "review")).to_have_attribute("data-status", "waiting")
    await expect(node(screen, "never")).to_have_attribute("data-status", "skipped")
    await expect(screen.locator('.edge[data-state="not taken"]')).to_have_count(1)
    await expect(node(screen, "each")).to_contain_text("3/3")
    await expect(screen.get_by_text("It waits for review: an answer to its open approval.")).to_be_visible()

    await node(screen, "review").focus()
    await screen.keyboard.press("Enter")
    form = screen.get_by_role("form", name="Answer review")
    await form.get_by_label("send").check()
    await form.get_by_label("count").fill("1")
    await form.get_by_role("button", name="Add").click()
    await form.get_by_label("1", exact=True).fill("ann@example.com")
    await form.get_by_role("button", name="Answer").click()
    await expect(form.get_by_role("alert").first).to_contain_text("`count` must be at least 2")
    await form.get_by_label("count").fill("2")
    await form.get_by_label("Your name").fill("ann")
    await form.get_by_role("button", name="Answer").click()

    await expect(node(screen, "end")).to_have_attribute("data-status", "succeeded")
    answer = {"send": True, "count": 2, "to": ["ann@example.com"], "tone": "plain"}
    assert (await service.get(run))["result"]["outputs"]["end"] == {"answer": answer}


async def test_a_failed_run_is_retried_from_a_node(page: Tab, service: Service) -> None:
    run = await service.run(FAILING)
    screen = await page.open(f"run/{run['run_id']}?node=second")
    panel = screen.get_by_role("region", name="Node second")
    await expect(panel).to_contain_text("no_way")
    await expect(panel).to_contain_text("It stops here.")
    await panel.get_by_role("button", name="Rerun from here").click()
    await screen.get_by_role("dialog").get_by_role("button", name="Rerun from here").click()
    await expect(screen.get_by_role("link", name="goes on from another run")).to_be_visible()
    assert run["run_id"] not in screen.url


async def test_a_run_is_steered_and_a_refusal_is_the_sentence_of_the_api(page: Tab, service: Service) -> None:
    run = await service.start(MIXED)
    screen = await page.open(f"run/{run}")
    for verb, then in (("Pause", "Resume"), ("Resume", "Pause")):
        await screen.get_by_role("button", name=verb, exact=True).click()
        await screen.get_by_role("dialog").get_by_role("button", name=verb).click()
        await expect(screen.get_by_role("button", name=then, exact=True)).to_be_visible()
    await screen.get_by_role("button", name="Pause", exact=True).click()
    await service.http.post(f"/runs/{run}/cancel")
    await service.ended(run)
    await screen.get_by_role("dialog").get_by_role("button", name="Pause").click()
    refusal = (await service.http.post(f"/runs/{run}/pause")).json()["detail"]
    await expect(screen.get_by_role("dialog").get_by_role("alert")).to_have_text(refusal)
    await screen.get_by_role("button", name="Leave it").click()
    await expect(screen.locator(".run-head .badge")).to_contain_text("cancelled")


async def test_any_moment_of_a_run_is_the_state_folded_from_its_log(page: Tab, service: Service) -> None:
    run = await service.start(MIXED)
    await service.http.post(f"/runs/{run}/cancel")
    await service.ended(run)
    events = [Event.model_validate(event) for event in await service.events(run)]
    screen = await page.open(f"run/{run}")
    for seq in random.Random(7).sample(range(1, len(events) + 1), 10):
        expected = RunState()
        for event in events[:seq]:
            fold(expected, event)
        assert json.loads(await screen.evaluate(MOMENT, seq)) == {
            "status": expected.status,
            "progress": expected.progress,
            "nodes": {name: each.status for name, each in expected.nodes.items()},
        }
    await screen.get_by_role("slider", name="Event").fill("1")
    await expect(screen.locator(".run-head .badge")).to_contain_text("running")
    await expect(node(screen, "end")).to_have_attribute("data-status", "pending")
    await screen.keyboard.press("End")
    await expect(screen.locator(".run-head .badge")).to_contain_text("cancelled")


async def test_a_stream_that_is_cut_again_and_again_shows_the_right_picture(page: Tab, service: Service) -> None:
    run = await service.start(MIXED)
    screen = page.screen
    cuts = 0

    async def cut(route: Any) -> None:
        """Answers with the first event that is missing, and ends the connection."""
        nonlocal cuts
        cuts += 1
        if cuts > 20:
            await route.continue_()
            return
        after = int(route.request.headers.get("last-event-id", "0"))
        events = (await service.events(run, after=after, limit=1)) or []
        body = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\nid: {each['seq']}\n\n" for each in events)
        await route.fulfill(status=200, headers={"Content-Type": "text/event-stream"}, body=body)

    await screen.route(re.compile(r"/runs/\w+/stream"), cut)
    await page.open(f"run/{run}")
    await expect(node(screen, "review")).to_have_attribute("data-status", "waiting")
    await expect(node(screen, "each")).to_contain_text("3/3")
    assert cuts > 5
    await service.http.post(f"/runs/{run}/cancel")
    await expect(screen.locator(".run-head .badge")).to_contain_text("cancelled")


async def test_every_tab_shows_the_run(page: Tab, service: Service) -> None:
    run = await service.run(FAILING)
    screen = await page.open(f"run/{run['run_id']}")
    for name, shown in {
        "Timeline": "second",
        "Log": "node.failed",
        "Texts": "No agent of this run has emitted text.",
        "Result": "There is a result once the run has succeeded.",
    }.items():
        await screen.get_by_role("tab", name=name).click()
        await expect(screen.get_by_role("tabpanel")).to_contain_text(shown)


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.page)])
async def test_the_view_has_no_fault_of_accessibility(chromium: Browser, service: Service, scheme: str) -> None:
    run = await service.start(MIXED)
    async with tab(chromium, service.url, bypass_csp=True, color_scheme=scheme) as opened:
        screen = await opened.open(f"run/{run}?node=review")
        await expect(screen.get_by_role("form", name="Answer review")).to_be_visible()
        assert await opened.accessibility_faults() == []
        for name in ("Timeline", "Log"):
            await screen.get_by_role("tab", name=name).click()
            assert await opened.accessibility_faults() == []
    await service.http.post(f"/runs/{run}/cancel")
    await asyncio.wait_for(service.ended(run), 30)
