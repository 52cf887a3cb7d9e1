"""Takes the screenshots of the page that the documents show: part of `make screenshots`.

It starts an embedded stack of its own with scripted models, lets the research team of the examples run up to its
approval, beside runs that succeeded and failed, and photographs the views in light, dark, and as a phone shows them.
"""

import asyncio
import subprocess
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.async_api import Browser, Page, async_playwright, expect

from scripts.browser import ALONE
from scripts.research_team import team_order
from scripts.screenshots import FAILED, FINISHED
from wand_orchestrator.cli.demo.research_team import MODELS_FILE, scripted_models
from wand_orchestrator.cli.processes.stack import embedded_stack
from wand_orchestrator.settings import Settings

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
WIDE, PHONE = {"width": 1360, "height": 860}, {"width": 400, "height": 820}
PATIENCE_SEC = 60.0

Scheme = Literal["light", "dark"]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    found = subprocess.run([ROOT / "scripts" / "ensure-chromium"], stdout=subprocess.PIPE, text=True, check=True)
    asyncio.run(_with_stack(found.stdout.strip()))


async def _with_stack(chromium: str) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await stack.enter_async_context(scripted_models(folder))
        models = str(folder / MODELS_FILE)
        settings = Settings(_env_file=None, data_dir=folder, port=0, fetch_allow="127.0.0.1", models=models)
        wand = await stack.enter_async_context(embedded_stack(settings))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(ALONE))
        await _photograph(wand.url, browser)
        await browser.close()


async def _photograph(url: str, browser: Browser) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30) as http, team_order() as order:
        await _started(http, {"graph": FINISHED, "tags": ["nightly"]}, "succeeded")
        failed = await _started(http, {"graph": FAILED, "tags": ["nightly", "eu"]}, "failed")
        ended = await _started(http, order, "waiting")
        await http.post(f"/runs/{ended}/nodes/review/respond", json={"answer": {"publish": True}, "by": "ann"})
        await _until(http, ended, "succeeded")
        team = await _started(http, order, "waiting")
        graphs = (await http.get("/graphs", params={"name": "research"})).json()["graphs"]
        graph = graphs[0]["graph_id"]
        await _picture(browser, f"{url}/#/runs", "page-runs", "light", WIDE)
        await _picture(browser, f"{url}/#/run/{team}?node=research", "page-run", "light", WIDE)
        await _picture(browser, f"{url}/#/run/{ended}?node=write", "page-run-dark", "dark", WIDE)
        await _picture(browser, f"{url}/#/run/{ended}?tab=timeline", "page-timeline", "light", WIDE)
        await _picture(browser, f"{url}/#/run/{failed}?node=fetch", "page-failed", "dark", WIDE)
        await _picture(browser, f"{url}/#/graphs/{graph}/edit", "page-editor", "light", WIDE)
        await _picture(browser, f"{url}/#/answers", "page-answers-phone", "light", PHONE)


async def _picture(browser: Browser, url: str, name: str, scheme: Scheme, size: Any) -> None:
    page = await browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    await page.goto(url)
    await page.wait_for_load_state("domcontentloaded")
    await _settled(page)
    await page.screenshot(path=FOLDER / f"{name}.png")
    await page.close()


async def _settled(page: Page) -> None:
    """Wait until nothing is loading, and the page has been drawn the same twice."""
    await page.locator("main h1").first.wait_for()
    await expect(page.locator(".loading")).to_have_count(0)
    before = b""
    async with asyncio.timeout(PATIENCE_SEC):
        while (now := (await page.locator("main").inner_text()).split("ago")[0].encode()) != before:
            before = now
            await asyncio.sleep(0.5)


async def _started(http: httpx.AsyncClient, body: dict[str, Any], status: str) -> str:
    """Start a run and return its id when it has come to the status; `waiting`: when it asks somebody."""
    answer = await http.post("/runs", json=body)
    run_id = str(answer.raise_for_status().json()["run_id"])
    await _until(http, run_id, status)
    return run_id


async def _until(http: httpx.AsyncClient, run_id: str, status: str) -> None:
    async with asyncio.timeout(PATIENCE_SEC):
        while True:
            run = (await http.get(f"/runs/{run_id}")).json()
            asks = any(node["status"] == "waiting" for node in run["nodes"].values())
            if run["status"] == status or (status == "waiting" and asks):
                return
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
