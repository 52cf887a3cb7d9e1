"""Takes the screenshots of the Temporal Web UI that the documents show: `make screenshots`.

It starts an embedded stack of its own, runs a graph that finishes, one that fails and one that waits for an approval,
and photographs each with headless Chromium.
"""

import asyncio
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import httpx

from scripts.browser import Browser, browser
from scripts.page import Page
from wand_orchestrator.cli.processes.stack import Stack, embedded_stack
from wand_orchestrator.settings import Settings

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
PATIENCE_SEC = 60.0


def _transform(id: str, expression: str) -> dict[str, Any]:
    return {"id": id, "type": "agent.transform", "params": {"expression": expression}}


SOON = {"initial_interval_sec": 0.5, "max_interval_sec": 0.5}

FINISHED = {
    "name": "squares",
    "nodes": [
        _transform("numbers", "`[1, 4, 9, 16]`"),
        {"id": "chart", "type": "agent.chart", "params": {"spec": {"kind": "bar", "title": "Squares"}}},
    ],
    "edges": [{"from": "numbers", "to": "chart", "map": {"series": "@"}}],
}
FAILED = {
    "name": "report",
    "nodes": [
        _transform("sources", '`["a"]`'),
        {"id": "fetch", "type": "agent.fetch", "params": {"url": "http://127.0.0.1:1/sales.csv"}, "retry": SOON},
        _transform("summary", "@"),
    ],
    "edges": [{"from": "sources", "to": "fetch"}, {"from": "fetch", "to": "summary", "map": {"text": "body"}}],
}
WAITING = {
    "name": "release",
    "nodes": [
        _transform("notes", '`{"version": "1.2"}`'),
        {
            "id": "approve",
            "type": "flow.approval",
            "params": {
                "prompt": "Release 1.2?",
                "schema": {"type": "object", "properties": {"ship": {"type": "boolean"}}, "required": ["ship"]},
            },
        },
        _transform("announce", "@"),
    ],
    "edges": [{"from": "notes", "to": "approve"}, {"from": "approve", "to": "announce", "map": {"ship": "ship"}}],
}
RUNS: dict[str, tuple[dict[str, Any], str]] = {
    "finished": (FINISHED, "succeeded"),
    "failed": (FAILED, "failed"),
    "waiting": (WAITING, "running"),
}


COLUMNS = ("Status", "Workflow ID", "WandGraph", "WandStatus", "Start", "End")
SHOW_COLUMNS = f"""
    localStorage.setItem("namespace-workflow-table-columns",
                         JSON.stringify({{default: {json.dumps([{"label": name} for name in COLUMNS])}}}));
"""
"""Where the Web UI keeps the columns that somebody chose."""

HIDE_FOLDER = f"""
    for (const line of document.querySelectorAll(".cm-line"))
        if (line.innerText.includes("{ROOT.parent}")) line.style.opacity = 0;
"""
"""Stack traces tell where this machine keeps its files."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    found = subprocess.run([ROOT / "scripts" / "ensure-chromium"], stdout=subprocess.PIPE, text=True, check=True)
    asyncio.run(_with_stack(found.stdout.strip()))


async def _with_stack(chromium: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), port=0, fetch_allow="127.0.0.1")
        async with embedded_stack(settings) as stack, browser(chromium) as camera:
            await _photograph(stack, camera)


async def _photograph(stack: Stack, camera: Browser) -> None:
    async with httpx.AsyncClient(base_url=stack.url, timeout=30) as http:
        started = {name: await _start(http, *order) for name, order in RUNS.items()}
    web = f"{stack.temporal.ui_url}/namespaces/default/workflows"
    async with camera.page() as page:
        await page.before_each(SHOW_COLUMNS)
        await _picture(page, web, started["waiting"], "runs")
        for name, run_id in started.items():
            described = await stack.temporal.client.get_workflow_handle(run_id).describe()
            run = f"{web}/{run_id}/{described.run_id}"
            await _picture(page, f"{run}/timeline", "agent.transform", f"{name}-run")
            await _picture(page, f"{run}/user-metadata", "Current Details", f"{name}-details")


async def _picture(page: Page, url: str, words: str, name: str) -> None:
    """Of the page at `url`, when `words` stand on it."""
    await page.open(url)
    await page.wait_for(words)
    await page.evaluate(HIDE_FOLDER)
    await page.picture(FOLDER / f"{name}.png")


async def _start(http: httpx.AsyncClient, graph: dict[str, Any], status: str) -> str:
    """Start a run and give its id when it has come to `status`; one that goes on, when it waits."""
    answer = await http.post("/runs", json={"graph": graph})
    run_id = str(answer.raise_for_status().json()["run_id"])
    async with asyncio.timeout(PATIENCE_SEC):
        while True:
            run = (await http.get(f"/runs/{run_id}")).json()
            if run["status"] == status and (status != "running" or run["waiting_for"]):
                return run_id
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
