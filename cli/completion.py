"""What the shell offers behind a command: ids that the API has.

A person waits for this with a finger on the tab key, so nothing of Wand is imported here: settings, Temporal and
pydantic would take most of a second. An API that is away or slow offers nothing.
"""

import os
from typing import Any
from urllib.parse import quote

import typer

PATIENCE_SEC = 1.0
OFFERED = 30
HOST, PORT = "127.0.0.1", "8000"
"""As in `Settings`; a test compares them."""

Offer = list[tuple[str, str]]
"""What can be typed, and what stands beside it."""


def run_ids(ctx: typer.Context, incomplete: str) -> Offer:
    """The newest runs."""
    runs = _ask(ctx, f"/runs?limit={OFFERED}").get("runs", ())
    return [(run["run_id"], f"{run['name']}, {run['status']}") for run in runs if run["run_id"].startswith(incomplete)]


def node_ids(ctx: typer.Context, incomplete: str) -> Offer:
    """Those of the run that stands before."""
    nodes = _ask(ctx, f"/runs/{quote(str(ctx.params.get('run')), safe='')}").get("nodes", {})
    return [(name, node["status"]) for name, node in nodes.items() if name.startswith(incomplete)]


def graph_ids(ctx: typer.Context, incomplete: str) -> Offer:
    """The newest graphs."""
    graphs = _ask(ctx, f"/graphs?limit={OFFERED}").get("graphs", ())
    return [(g["graph_id"], f"{g['name']} {g['version']}") for g in graphs if g["graph_id"].startswith(incomplete)]


def statuses() -> list[str]:
    """Of runs."""
    from wand_orchestrator.state import RunStatus

    return list(RunStatus)


def levels() -> list[str]:
    """Of events."""
    from wand_orchestrator.events import LEVELS

    return list(LEVELS)


def _ask(ctx: typer.Context, path: str) -> dict[str, Any]:
    import json
    from urllib.request import Request, urlopen

    settings = _settings()
    url = ctx.params.get("url") or f"http://{settings.get('WAND_HOST', HOST)}:{settings.get('WAND_PORT', PORT)}"
    key = ctx.params.get("api_key") or settings.get("WAND_API_KEY")
    try:
        request = Request(url.rstrip("/") + path, headers={"X-API-Key": key} if key else {})
        with urlopen(request, timeout=PATIENCE_SEC) as answer:
            document = json.load(answer)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _settings() -> dict[str, str]:
    """The environment over `.env`."""
    from dotenv import dotenv_values

    return {name: value for name, value in {**dotenv_values(".env"), **os.environ}.items() if value}
