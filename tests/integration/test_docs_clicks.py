"""docs/operate.md: each path of clicks as it stands, in Chromium, does in the Web UI what the page says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scripts.browser import Browser, browser
from tests.integration.operations import CLICKED, SECTIONS, TRIALS, tried
from tests.integration.service import Service, running_service
from tests.integration.web_ui import Step, follow, paths
from tests.waiting import until
from wand_orchestrator.cli.processes.dev_server import dev_server

PATHS = [
    # All of them take two minutes: `make clicks`.
    pytest.param(title, path, id=title, marks=() if title == "Cancel a run" else pytest.mark.clicks)
    for title, text in SECTIONS
    for path in paths(text)
]


@pytest.fixture(scope="module")
async def web(
    chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Service, str, Browser]]:
    """A service on a server of its own, so that its task queue is `wand`; the address of the Web UI; a browser."""
    async with (
        dev_server() as server,
        running_service(server.client, tmp_path_factory.mktemp("web"), task_queue="wand") as service,
        browser(chromium_path) as chromium,
    ):
        assert server.ui_url is not None
        yield service, server.ui_url, chromium


def test_every_operation_is_clicked() -> None:
    assert {title for title, text in SECTIONS if paths(text)} == set(TRIALS)


@pytest.mark.parametrize(("title", "path"), PATHS)
async def test_a_path_of_the_page_does_what_it_says(
    web: tuple[Service, str, Browser], tmp_path: Path, title: str, path: tuple[Step, ...]
) -> None:
    service, ui_url, chromium = web
    async with tried(service, tmp_path, title) as (trial, prepared), chromium.page() as page:
        await follow(page, ui_url, path, RUN=prepared.run_id, GRAPH=prepared.graph_id)

        if trial.shows is None:
            await trial.check(service, prepared, CLICKED)
        else:
            shows = trial.shows
            await until(page.text, lambda shown: shows(prepared, shown))
