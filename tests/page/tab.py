"""A tab of the browser with the page in it, which keeps what went wrong there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


class Tab:
    """`screen` is Playwright's page. `errors`: what the browser reported as errors."""

    def __init__(self, screen: Page, url: str) -> None:
        self.screen = screen
        self.url = url
        self.errors: list[str] = []
        screen.on("console", lambda message: self._keep(message.type, message.text))
        screen.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        screen.on("dialog", lambda dialog: self.errors.append(f"a dialog of the browser: {dialog.message}"))
        screen.on("request", lambda request: self._check_origin(request.url))

    async def open(self, route: str = "") -> Page:
        """Open a view, such as `runs?status=failed`, and return the screen."""
        await self.screen.goto(f"{self.url}/#/{route}")
        return self.screen

    async def accessibility_faults(self) -> list[str]:
        """What axe-core finds on the screen; the tab has to bypass the policy: `tab(…, bypass_csp=True)`."""
        await self.screen.evaluate(AXE.read_text("utf-8"))
        found: dict[str, Any] = await self.screen.evaluate("axe.run(document)")
        return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]

    def _keep(self, kind: str, text: str) -> None:
        # Chromium reports each answer of 4xx as an error, which the page shows to its reader as the API's sentence.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.errors.append(f"{kind}: {text}")

    def _check_origin(self, url: str) -> None:
        if not url.startswith((self.url, "blob:", "data:")):
            self.errors.append(f"a request to somewhere else: {url}")


@asynccontextmanager
async def tab(browser: Browser, url: str, **options: Any) -> AsyncIterator[Tab]:
    """Open an empty tab; `options` are those of a Playwright context. Raises AssertionError if the browser reported
    errors.
    """
    context = await browser.new_context(**options)
    context.set_default_timeout(20_000)
    try:
        opened = Tab(await context.new_page(), url)
        yield opened
        assert opened.errors == []
    finally:
        await context.close()
