"""What surrounds the views: the address `/`, the policy, the key, and what a browser loads first."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, expect
from temporalio.client import Client

from tests.integration.service import Service, running_service
from tests.page.tab import Tab, tab
from wand_orchestrator.api.page.page_files import FOLDER

KEY = "a-key-of-the-tests"


@pytest.fixture(scope="module")
async def locked(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(
        temporal_client, tmp_path_factory.mktemp("locked"), worker=False, api_key=KEY
    ) as running:
        yield running


async def test_a_browser_gets_the_page_and_a_program_json(service: Service) -> None:
    page = await service.http.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    about = await service.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert about.json()["openapi"] == "/openapi.json"
    assert not about.is_redirect
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_the_files_of_the_page_have_its_policy_and_the_tools_of_the_checkout_are_not_among_them(
    service: Service,
) -> None:
    module = await service.http.get("/page/main.js")
    assert module.headers["content-security-policy"]
    assert module.headers["x-content-type-options"] == "nosniff"
    for path in ("/page/node_modules/preact/package.json", "/page/../pyproject.toml", "/page/%2e%2e/pyproject.toml"):
        assert (await service.http.get(path)).status_code == 404


async def test_the_page_takes_less_than_200_kb_over_the_wire(service: Service) -> None:
    whole = 0
    for file in FOLDER.rglob("*"):
        name = file.relative_to(FOLDER).as_posix()
        if file.suffix in (".js", ".css", ".svg") and "node_modules" not in name:
            answer = await service.http.get(f"/page/{name}", headers={"Accept-Encoding": "gzip"})
            assert answer.status_code == 200
            whole += len(gzip.compress(answer.content, 9)) + 300  # its headers
    assert whole < 200_000


async def test_the_key_is_asked_for_once_and_kept_for_the_tab(chromium: Browser, locked: Service) -> None:
    async with tab(chromium, locked.url) as opened:
        screen = await opened.open("runs")
        await screen.get_by_label("API key").fill("wrong")
        await screen.get_by_role("button", name="Go on").click()
        await expect(screen.get_by_role("alert")).to_contain_text("not the right one")
        await screen.get_by_label("API key").fill(KEY)
        await screen.keyboard.press("Enter")
        await expect(screen.get_by_role("heading", name="Runs")).to_be_visible()
        await screen.reload()
        await expect(screen.get_by_role("heading", name="Runs")).to_be_visible()
        assert KEY not in screen.url


async def test_without_the_key_nothing_but_the_page_is_served(locked: Service) -> None:
    async with httpx.AsyncClient(base_url=locked.url) as stranger:
        assert (await stranger.get("/", headers={"Accept": "text/html"})).status_code == 200
        assert (await stranger.get("/page/main.js")).status_code == 200
        assert (await stranger.get("/runs")).status_code == 401


async def test_an_unknown_view_is_told(page: Tab) -> None:
    screen = await page.open("nowhere")
    await expect(screen.get_by_role("alert")).to_contain_text("nowhere")
