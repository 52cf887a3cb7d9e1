"""The page in Chromium, on the real stack. A test fails if the browser reports an error, or a breach of the policy."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright
from temporalio.client import Client

from scripts.browser import ALONE
from tests.integration.service import Service, running_service
from tests.page.tab import Tab, tab

PLUGINS = "sample_agents,speaking_agents"


@pytest.fixture(scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=list(ALONE))
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture(scope="session")
async def service(temporal_client: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """API and worker in one process, with the built-in agents and those of the tests."""
    async with running_service(
        temporal_client, tmp_path_factory.mktemp("page"), fetch_allow="127.0.0.1", plugins=PLUGINS
    ) as running:
        yield running


@pytest.fixture
async def page(chromium: Browser, service: Service) -> AsyncIterator[Tab]:
    """A new tab with nothing in it."""
    async with tab(chromium, service.url) as opened:
        yield opened
