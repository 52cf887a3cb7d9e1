"""No text of a graph, an agent, a model or a file is run by the page, wherever it is shown."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.service import Service
from tests.page.hostile import HOSTILE, MARK
from tests.page.tab import Tab
from tests.waiting import until

SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="window.{MARK}=1"><script>window.{MARK}=1</script></svg>'
HTML = f"<!doctype html><script>window.{MARK}=1;parent.{MARK}=1;top.{MARK}=1</script>"
FILES = [
    {"name": "picture.svg", "media_type": "image/svg+xml", "content": SVG},
    {"name": "picture.png", "media_type": "image/png", "content": HTML},
    {"name": "page.html", "media_type": "text/html", "content": HTML},
    {"name": "all.txt", "media_type": "text/plain", "content": "\n".join(HOSTILE)},
    {"name": "code.js", "media_type": "text/javascript", "content": f"window.{MARK}=1"},
]
ASKED = {
    "type": "object",
    "title": HOSTILE[0],
    "properties": {
        text: {"type": "string", "title": text, "description": text, "default": text, "enum": [text, HOSTILE[2]]}
        for text in HOSTILE
    },
}
SAY = {"texts": list(HOSTILE), "files": FILES}
GRAPH: dict[str, Any] = {
    "name": HOSTILE[0],
    "nodes": [
        {"id": "say", "type": "test.say", "params": SAY},
        {
            "id": "fail",
            "type": "test.say",
            "params": {"texts": [], "fails": " ".join(HOSTILE)[:3000]},
            "optional": True,
        },
        {"id": "ask", "type": "flow.approval", "params": {"prompt": HOSTILE[1], "schema": ASKED}},
        {"id": "never", "type": "test.say", "params": {}},
    ],
    "edges": [
        {"from": "say", "to": "ask"},
        {"from": "say", "to": "never", "when": "texts[0] == '<img src=x onerror=alert(1)>'"},
    ],
}
ROUTES = {
    "runs": "table.runs tbody tr",
    "run/{run}": '.drawing [data-node="ask"]',
    "run/{run}?node=say": "figure.artifact img",
    "run/{run}?node=say&tab=log": ".log .line",
    "run/{run}?node=fail&tab=texts": ".panel .failure",
    "run/{run}?node=never&tab=timeline": ".timeline .bar",
    "run/{run}?node=ask&tab=result": ".panel form.answer select",
    "answers": "form.answer select",
}
FOREIGN = "main :is(script, iframe, object, embed, base, form[action], a[href^='java'], [onerror], [onload], [onclick])"


@pytest.fixture(scope="module")
async def run(service: Service) -> str:
    tags = [text for text in HOSTILE if len(text) <= 60 and text.isprintable() and " " not in text][:10]
    started = await service.start(GRAPH, input={"texts": list(HOSTILE)}, tags=tags)
    await until(lambda: service.get(started), lambda run: run["nodes"]["ask"]["status"] == "waiting")
    return started


async def test_what_is_hostile_is_shown_as_text(page: Tab, run: str) -> None:
    for route, shown in ROUTES.items():
        screen = await page.open(route.format(run=run))
        await expect(screen.locator(shown).first).to_be_visible()
        await screen.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        assert await screen.locator(FOREIGN).count() == 0, route
        assert await screen.evaluate(f"window.{MARK}") is None, route
