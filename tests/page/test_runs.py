"""The list of runs."""

import re
import uuid
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.integration.service import Service
from tests.page.hostile import HOSTILE, MARK
from tests.page.tab import Tab, tab


def graph(name: str, expression: str = "`1`") -> dict[str, Any]:
    return {"name": name, "nodes": [{"id": "a", "type": "agent.transform", "params": {"expression": expression}}]}


async def test_runs_are_listed_filtered_by_the_address_and_live(page: Tab, service: Service) -> None:
    name = f"listed-{uuid.uuid4().hex}"
    await service.run(graph(name), tags=["nightly", "eu"])
    screen = await page.open(f"runs?name={name}")
    rows = screen.locator("table.runs tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("succeeded")
    await expect(rows).to_contain_text("100 %")
    await service.run(graph(name), tags=["other"])
    await expect(rows).to_have_count(2)
    await screen.get_by_role("link", name="nightly").click()
    await expect(screen).to_have_url(re.compile("tag=nightly"))
    await screen.get_by_label("Graph").fill(name)
    await screen.get_by_role("button", name="Filter").click()
    await expect(rows).to_have_count(1)


async def test_no_text_of_a_run_is_run_in_the_list(page: Tab, service: Service) -> None:
    tag = uuid.uuid4().hex
    for text in HOSTILE[::6]:  # of all others, what test_hostile.py starts shows enough
        tags = [tag, *([text] if len(text) <= 60 and text.isprintable() and " " not in text else [])]
        answer = await service.http.post("/runs", json={"graph": graph(text[:200]), "tags": tags})
        assert answer.status_code in (201, 422), answer.text
    screen = await page.open(f"runs?tag={tag}")
    await expect(screen.locator("table.runs tbody tr").nth(5)).to_be_visible()
    assert await screen.evaluate(f"window.{MARK}") is None


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.page)])
async def test_the_list_has_no_fault_of_accessibility(chromium: Browser, service: Service, scheme: str) -> None:
    await service.run(graph("accessible"), tags=["x"])
    async with tab(chromium, service.url, bypass_csp=True, color_scheme=scheme) as opened:
        screen = await opened.open("runs")
        await expect(screen.locator("table.runs tbody tr").first).to_be_visible()
        assert await opened.accessibility_faults() == []
