"""Shell completion with the ids that the API knows.

A person waits for this with a finger on the tab key, so nothing of Wand's ground is imported here: settings, Temporal's
SDK and an HTTP client would take most of a second. An API that is away or slow offers nothing.
"""

import os
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import typer

PATIENCE_SEC = 1.0
OFFERED = 30
HOST, PORT = "127.0.0.1", "8000"
"""As in `Settings`; a test compares them."""

Offer = list[tuple[str, str]]
"""What can be typed, and what stands beside it."""

_UNSAFE = re.compile(r"[^\w .,:@+/-]", re.ASCII)
"""zsh evaluates what it is offered, and names in the API were given by others."""


def run_ids(ctx: typer.Context, incomplete: str) -> Offer:
    """Complete ids of the newest runs."""
    runs = _ask(ctx, f"/runs?limit={OFFERED}").get("runs", ())
    return _offer(incomplete, ((run["run_id"], f"{run['name']}, {run['status']}") for run in runs))


def node_ids(ctx: typer.Context, incomplete: str) -> Offer:
    """Complete node ids of the run that the command line names."""
    nodes = _ask(ctx, f"/runs/{quote(str(ctx.params.get('run')), safe='')}").get("nodes", {})
    return _offer(incomplete, ((name, node["status"]) for name, node in nodes.items()))


def graph_ids(ctx: typer.Context, incomplete: str) -> Offer:
    """Complete ids of the newest graphs."""
    graphs = _ask(ctx, f"/graphs?limit={OFFERED}").get("graphs", ())
    return _offer(incomplete, ((graph["graph_id"], f"{graph['name']} {graph['version']}") for graph in graphs))


def schedule_ids(ctx: typer.Context, incomplete: str) -> Offer:
    found = _ask(ctx, f"/schedules?limit={OFFERED}").get("schedules", ())
    return [(one["schedule_id"], one["graph_name"]) for one in found if one["schedule_id"].startswith(incomplete)]


def overlaps() -> list[str]:
    """Complete the overlap policies of schedules."""
    return ["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all"]


def statuses() -> list[str]:
    """Complete the statuses of runs."""
    from wand_orchestrator.contract.state import RunStatus

    return list(RunStatus)


def levels() -> list[str]:
    """Complete the levels of events."""
    from wand_orchestrator.contract.events import LEVELS

    return list(LEVELS)


def _offer(incomplete: str, found: Iterable[tuple[str, str]]) -> Offer:
    return [
        (word, _UNSAFE.sub("_", about))
        for word, about in found
        if word.startswith(incomplete) and not _UNSAFE.search(word)
    ]


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
    """Return the settings of the environment and `.env`; the environment wins."""
    from dotenv import dotenv_values

    return {name: value for name, value in {**dotenv_values(".env"), **os.environ}.items() if value}
