"""The research team of the examples on a service, with scripted models: for tests and screenshots of the page."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from wand_orchestrator.cli.demo.file_server import serve_file
from wand_orchestrator.cli.demo.research_sources import PAGES, TOPIC
from wand_orchestrator.cli.demo.research_team import ALIAS

GRAPH: dict[str, Any] = json.loads((Path(__file__).parents[1] / "examples" / "research.json").read_text())


@asynccontextmanager
async def team_order() -> AsyncIterator[dict[str, Any]]:
    """Serve the team's sources, and yield the body of a request that starts it."""
    async with AsyncExitStack() as files:
        served = [serve_file(name, text.encode(), "text/plain") for name, text in PAGES.items()]
        sources = [await files.enter_async_context(file) for file in served]
        yield {"graph": GRAPH, "input": {"topic": TOPIC, "sources": sources, "model": ALIAS}, "tags": ["research"]}
