"""Prints a run's events, a line each."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from rich.text import Text

from wand_orchestrator.cli.client.api_client import ApiClient, Json, path_of
from wand_orchestrator.cli.client.event_stream import follow
from wand_orchestrator.cli.display.event_line import told
from wand_orchestrator.cli.display.failure_view import below, failure_of
from wand_orchestrator.cli.display.output import console, plain, print_json
from wand_orchestrator.client._async.paging import MAX_PAGE
from wand_orchestrator.contract.events import LEVELS, Event
from wand_orchestrator.errors import BadRequest, Unavailable

_STYLES = {"debug": "dim", "warning": "yellow", "error": "red"}


@dataclass(frozen=True)
class LogSelection:
    """Selects the events of `run_id` after the seq `after`, of `node`, and of `level` or graver."""

    run_id: str
    after: int = 0
    node: str | None = None
    level: str | None = None

    def __post_init__(self) -> None:
        if self.level not in (None, *LEVELS):
            raise BadRequest(f"--level is one of {', '.join(LEVELS)}, not {self.level}")

    def holds(self, event: Event) -> bool:
        least = 0 if self.level is None else [str(level) for level in LEVELS].index(self.level)
        return LEVELS.index(event.level) >= least and self.node in (None, event.node)


async def print_so_far(api: ApiClient, selection: LogSelection, as_json: bool) -> None:
    """Print the events so far; as JSON, one list."""
    events: list[Json] = []
    last: Json = {}
    out = console()
    async for page in _pages(api, selection):
        events += page["events"] if as_json else ()
        last = page
        for event in () if as_json else page["events"]:
            out.print(_line(Event.model_validate(event)), soft_wrap=True)
    if as_json:
        print_json({**last, "events": events})


async def print_followed(api: ApiClient, selection: LogSelection, as_json: bool) -> None:
    """Print events until the run ends; lost connections are reported on standard error."""
    await api.get(path_of("runs", selection.run_id))
    out, aside = console(), console(stderr=True)
    async with aclosing(follow(api, selection.run_id, selection.after)) as items:
        async for item in items:
            if isinstance(item, Unavailable):
                aside.print(Text(plain(item.message), style="yellow"), soft_wrap=True)
            elif selection.holds(item) and as_json:
                print_json(item.model_dump(mode="json"), indent=None)
            elif selection.holds(item):
                out.print(_line(item), soft_wrap=True)


async def _pages(api: ApiClient, selection: LogSelection) -> AsyncIterator[Json]:
    after = selection.after
    path = path_of("runs", selection.run_id, "logs")
    while True:
        page = await api.get(path, after=after, limit=MAX_PAGE, node=selection.node, level=selection.level)
        yield page
        if page["ended"] or page["last_seq"] <= after:
            return
        after = page["last_seq"]


def _line(event: Event) -> Text:
    """Format an event with its data; the details of an error follow below, indented."""
    moment = event.model_dump(mode="json", include={"ts"})["ts"]
    error = failure_of(event)
    shown = {key: value for key, value in event.data.items() if key != "error" or error is None}
    data = (f" {key}={json.dumps(value, ensure_ascii=False)}" for key, value in shown.items())
    return Text.assemble(
        (f"{event.seq:>5} {moment} ", "dim"),
        (f"{event.level:7} {told(event)}", _STYLES.get(event.level, "")),
        (plain("".join(data)), "dim"),
        (below(event), "dim"),
    )
