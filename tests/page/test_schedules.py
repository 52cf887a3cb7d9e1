"""The views of schedules, of agents and tools, and of usage."""

import re
import uuid

import pytest
from playwright.async_api import Browser, expect

from tests.integration.service import Service
from tests.integration.test_storage_usage import STARTED, a_call, a_run, archive_of
from tests.page.hostile import HOSTILE, MARK
from tests.page.tab import Tab, tab
from tests.page.test_graphs import SCHEMA, graph, stored


async def test_a_schedule_is_made_paused_triggered_and_deleted(page: Tab, service: Service) -> None:
    name = f"scheduled-{uuid.uuid4().hex}"
    await stored(service, graph(name, input_schema=SCHEMA))
    screen = await page.open(f"schedules/new?graph_name={name}")
    await screen.get_by_label("Cron").fill("61 7 * * *")
    await screen.get_by_label("word").fill("hello")
    await screen.get_by_text("More").click()
    await screen.get_by_label("Id", exact=True).fill(name)
    await screen.get_by_role("button", name="Create").click()
    await screen.get_by_role("alert").first.wait_for()
    await screen.get_by_label("Cron").fill("30 7 * * 1-5")
    await screen.get_by_text("on weekdays at 07:30").wait_for()
    await screen.get_by_role("button", name="Create").click()
    await expect(screen).to_have_url(re.compile(f"#/schedules/{name}$"))
    await screen.get_by_text("on weekdays at 07:30").wait_for()
    await expect(screen.locator("ol.moments li")).to_have_count(10)
    await screen.get_by_role("button", name="Pause").click()
    await screen.get_by_role("button", name="Resume").wait_for()
    await screen.get_by_role("button", name="Run now").click()
    await screen.get_by_role("link", name="the run").click()
    run = await service.ended(screen.url.rsplit("/", 1)[1].partition("?")[0])
    assert run["input"] == {"count": 3, "word": "hello"}
    await page.open(f"schedules/{name}")
    await screen.get_by_role("button", name="Delete …").click()
    await screen.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(screen).to_have_url(re.compile("#/schedules$"))
    assert (await service.http.get(f"/schedules/{name}")).status_code == 404


async def test_no_text_of_a_schedule_is_run(page: Tab, service: Service) -> None:
    name = f"hostile-{uuid.uuid4().hex}"
    await stored(service, graph(name))
    order = {"graph_name": name, "every": "7d", "paused": True, "input": {"texts": HOSTILE}}
    notes = ["\n".join(HOSTILE[first::8])[:1000] for first in range(8)]
    made = [(await service.http.post("/schedules", json={**order, "note": note})).json() for note in notes]
    screen = await page.open(f"schedules?graph_name={name}")
    await expect(screen.locator("table.cards tbody tr")).to_have_count(len(made))
    assert await screen.evaluate(f"window.{MARK}") is None
    await page.open(f"schedules/{made[0]['schedule_id']}")
    await screen.get_by_role("region", name="Input").wait_for()
    assert await screen.evaluate(f"window.{MARK}") is None
    for each in made:
        await service.http.delete(f"/schedules/{each['schedule_id']}")


async def test_what_graphs_are_made_of_is_found_and_leads_to_a_new_graph_with_it(page: Tab) -> None:
    screen = await page.open("catalog")
    await screen.get_by_label("Search names and descriptions").fill("flow.map")
    await expect(screen.locator(".entry")).to_have_count(1)
    await expect(screen.get_by_role("region", name="Params of flow.map")).to_contain_text("concurrency")
    await screen.get_by_role("link", name="New graph with it").click()
    await expect(screen.get_by_label("The graph's text")).to_have_value(re.compile('"type": "flow.map"'))


async def test_usage_is_summed_by_day_model_and_graph_and_filtered(page: Tab, service: Service) -> None:
    name, run_id = f"used-{uuid.uuid4().hex}", await a_run(service.store)
    calls = (a_call(2, "w", "x:dear", 0.5), a_call(3, "w", "x:cheap", 0.25), a_call(4, "w", "x:dear", 1, hours=24))
    await service.store.archive.append(archive_of(run_id, STARTED, *calls, name=name))
    screen = await page.open(f"usage?days=all&graph={name}")
    await expect(screen.locator(".facts div").first).to_contain_text("$1.75")
    await expect(screen.locator(".days .sum")).to_have_count(2)
    await screen.get_by_role("link", name="x:dear").click()
    await expect(screen.locator(".facts div").first).to_contain_text("$1.50")
    await screen.get_by_text("As a table").click()
    await screen.get_by_role("cell", name="2026-01-31").wait_for()
    await screen.get_by_role("button", name="Show every model").click()
    await expect(screen.locator(".facts div").first).to_contain_text("$1.75")


@pytest.mark.page
async def test_no_view_of_schedules_and_of_the_catalog_has_a_fault_of_accessibility(
    chromium: Browser, service: Service
) -> None:
    name = f"accessible-{uuid.uuid4().hex}"
    await stored(service, graph(name, input_schema=SCHEMA))
    made = await service.http.post(
        "/schedules", json={"schedule_id": name, "graph_name": name, "every": "7d", "input": {"word": "x"}}
    )
    assert made.status_code == 201, made.text
    views = {
        f"schedules?graph_name={name}": "table.cards",
        f"schedules/{name}": ".moments",
        f"schedules/new?graph_name={name}": "#input-word",
        "catalog?search=agent.transform": ".schema",
        "usage": ".facts",
    }
    async with tab(chromium, service.url, bypass_csp=True) as opened:
        for view, seen in views.items():
            screen = await opened.open(view)
            await screen.locator(seen).first.wait_for()
            assert await opened.accessibility_faults() == [], view
    await service.http.delete(f"/schedules/{name}")
