"""A team of models is watched in the page to its end: their turns, their text as it comes, what a person answers."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect
from temporalio.client import Client

from scripts.research_team import team_order
from tests.integration.service import Service, running_service
from tests.page.tab import tab
from wand_orchestrator.cli.demo.research_team import MODELS_FILE, scripted_models


@pytest.fixture(scope="module")
async def team(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("team")
    async with (
        scripted_models(folder),
        running_service(temporal_client, folder, fetch_allow="127.0.0.1", models=str(folder / MODELS_FILE)) as running,
    ):
        yield running


async def test_the_team_is_watched_answered_and_seen_to_write_its_report(chromium: Browser, team: Service) -> None:
    async with team_order() as order, tab(chromium, team.url) as opened:
        started = await team.http.post("/runs", json=order)
        run = started.json()["run_id"]
        screen = await opened.open(f"run/{run}")
        review = screen.locator('.drawing [data-node="review"]')
        await expect(review).to_have_attribute("data-status", "waiting", timeout=60_000)
        await expect(screen.locator('.drawing [data-node="research"]')).to_contain_text("/")

        await screen.get_by_role("link", name="Answers").click()
        form = screen.get_by_role("form", name="Answer review")
        await form.get_by_label("publish").check()
        await form.get_by_role("button", name="Answer").click()
        await expect(form).to_have_count(0)
        await screen.go_back()

        await screen.get_by_role("tab", name="Texts").click()
        await expect(screen.locator(".run-head .badge")).to_contain_text("succeeded", timeout=60_000)
        written = await screen.get_by_label("Text of write[", exact=False).last.text_content()
        result = (await team.get(run))["result"]["outputs"]["write"]
        assert (written or "").strip() == str(result["text"] if isinstance(result, dict) else result).strip()
        await expect(screen.locator(".run-head")).to_contain_text("$")
