"""Defines single goes at a workload: what a contender does, and what is measured of it."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from urllib.parse import quote

from bench.arena import STOCK, TUNED, WAND, Arena, wand_with_processes, wand_with_rows
from bench.contenders.wand import Lost, Wand
from bench.http import Subscriber
from bench.memory import peak_resident, resident_mb
from bench.processors import processor_time
from bench.results import Measures
from bench.rows import middle
from bench.shapes import Shape, bulky, chain, computing, stamped, telling
from bench.workload import SECONDS, Entry, Go

STARTS_AT_ONCE = 16
LISTS = 40
PAGE = 50

STAMPS_PAUSE_SEC = 0.25
"""Between the events of a run that is subscribed to: each then counts by itself, and no burst is measured."""

TELLERS = 20
LINES = 300
LINE_PAUSE_SEC = 0.02
"""Of text that agents emit: 50 lines a second from each, as a quick model emits tokens."""

LABELS = {
    WAND: "Wand over HTTP, to the last SSE event",
    STOCK: "hand-written, stock server",
    TUNED: "hand-written, Wand's tuned server",
}


# A run, and many at once


def wand(shape: Shape, contender: str = WAND, label: str = "") -> Entry:
    async def go(arena: Arena) -> Measures:
        return {SECONDS: await (await arena.wand()).run(shape)}

    return Entry(contender, WAND, go, wand_checked(shape), label or LABELS[WAND])


def wand_unwatched(shape: Shape) -> Entry:
    async def go(arena: Arena) -> Measures:
        return {SECONDS: await (await arena.wand()).run_unwatched(shape)}

    return Entry("wand-unwatched", WAND, go, go, "Wand over HTTP, nobody subscribed, to the workflow's end")


def handwritten(server: str, shape: Shape, contender: str | None = None, label: str = "") -> Entry:
    async def go(arena: Arena) -> Measures:
        return {SECONDS: await (await arena.handwritten(server)).run(shape)}

    return Entry(contender or server, server, go, go, label or LABELS[server])


def wand_burst(shape: Shape, runs: int, contender: str = WAND, label: str = "") -> Entry:
    async def go(arena: Arena) -> Measures:
        seconds, lost = await (await arena.wand()).burst(shape, runs)
        return {SECONDS: seconds, "runs_per_second": runs / seconds, "lost": float(lost)}

    label = label or "Wand over HTTP, until the list of runs says that all have ended"
    return Entry(contender, WAND, go, wand_checked(shape), label)


def handwritten_burst(server: str, shape: Shape, runs: int) -> Entry:
    async def go(arena: Arena) -> Measures:
        seconds = await (await arena.handwritten(server)).burst(shape, runs)
        return {SECONDS: seconds, "runs_per_second": runs / seconds}

    return Entry(server, server, go, handwritten(server, shape).go, LABELS[server])


def wand_checked(shape: Shape) -> Go:
    async def go(arena: Arena) -> Measures:
        await (await arena.wand()).check(shape)
        return {}

    return go


def peer(name: str, shape: Shape, runs: int = 1) -> Entry:
    async def go(arena: Arena) -> Measures:
        seconds = await (await arena.peer(name)).run(shape, runs)
        return {SECONDS: seconds, "runs_per_second": runs / seconds}

    async def prepare(arena: Arena) -> Measures:
        await (await arena.peer(name)).run(shape)
        return {}

    return Entry(name, name, go, prepare, name)


# Starts


def wand_starts(runs: int) -> Entry:
    shape = chain(1, short=True)

    async def go(arena: Arena) -> Measures:
        return _starts(await (await arena.wand()).starts(shape, runs, STARTS_AT_ONCE), runs)

    return Entry(WAND, WAND, go, wand_checked(shape), "Wand, `POST /runs` of a stored graph of one short node")


def handwritten_starts(server: str, runs: int) -> Entry:
    shape = chain(1, short=True)

    async def go(arena: Arena) -> Measures:
        return _starts(await (await arena.handwritten(server)).starts(shape, runs, STARTS_AT_ONCE), runs)

    return Entry(server, server, go, handwritten(server, shape).go, f"{LABELS[server]}, `start_workflow`")


def _starts(taken: tuple[float, float], runs: int) -> Measures:
    started, ended = taken
    return {
        "ms_per_start": 1000 * started / runs,
        "starts_per_second": runs / started,
        "ms_per_run": 1000 * ended / runs,
    }


# Large graphs


def wand_large(contender: str, shape: Shape, label: str) -> Entry:
    """Return a go at a large graph, which also measures the time per node, and the peak memory above that of the idle
    process.
    """
    idle_mb: dict[int, float] = {}

    async def prepare(arena: Arena) -> Measures:
        system = await arena.wand()
        await system.check(chain(3))
        idle_mb.setdefault(system.pid, resident_mb(system.pid))
        return {}

    async def go(arena: Arena) -> Measures:
        system = await arena.wand()
        async with peak_resident(system.pid) as peak:
            seconds = await system.run(shape)
        memory_mb = peak.mb - idle_mb[system.pid]
        return {SECONDS: seconds, "ms_per_node": 1000 * seconds / shape.nodes, "memory_mb": memory_mb}

    return Entry(contender, WAND, go, prepare, label)


def handwritten_large(server: str, shape: Shape) -> Entry:
    async def go(arena: Arena) -> Measures:
        seconds = await (await arena.handwritten(server)).run(shape)
        return {SECONDS: seconds, "ms_per_node": 1000 * seconds / shape.nodes}

    return Entry(server, server, go, handwritten(server, chain(3)).go, LABELS[server])


# Workers


def wand_processes(count: int, nodes: int, cpu_sec: float) -> Entry:
    """Return a go with agents that compute: a process of Python runs one of them at a time."""
    name = wand_with_processes(count)

    async def go(arena: Arena) -> Measures:
        seconds, _ = await (await arena.wand(name)).timed(computing(nodes, cpu_sec))
        return {SECONDS: seconds}

    return Entry(f"processes-{count}", name, go, go, f"`wand api`, `wand worker --processes {count}`")


# Subscribers


def wand_subscribers(count: int, nodes: int) -> Entry:
    """Return a go that measures the time from an agent's return until a subscriber has the event, over all nodes and
    subscribers.
    """

    async def go(arena: Arena) -> Measures:
        latencies, refused = await _latencies(await arena.wand(), count, nodes)
        latencies.sort()
        p95 = latencies[int(0.95 * len(latencies))]
        return {"p50_ms": statistics.median(latencies), "p95_ms": p95, "refused": float(refused)}

    async def prepare(arena: Arena) -> Measures:
        await _latencies(await arena.wand(), 1, 4)
        return {}

    label = f"{count:,} subscriber{'s' if count > 1 else ''} of one run"
    return Entry(f"subscribers-{count}", WAND, go, prepare, label)


async def _latencies(system: Wand, count: int, nodes: int) -> tuple[list[float], int]:
    """Return the latencies in ms of nodes that returned when all were subscribed; and how often a subscriber was
    refused before.
    """
    run_id = await system.start(await system.store(stamped(nodes, STAMPS_PAUSE_SEC)))
    subscribers, refused = await system.follow_all(run_id, count)
    since = time.time()
    try:
        await asyncio.gather(*(subscriber.ended.wait() for subscriber in subscribers))
        outputs = (await system.http.get(f"/runs/{run_id}"))["result"]["outputs"]
        returned = {name: output["at"] for name, output in outputs.items() if output["at"] > since}
        if len(returned) < nodes // 2:
            raise Lost(f"it took until {nodes - len(returned)} of {nodes} nodes had ended to serve {count} subscribers")
        return [latency for subscriber in subscribers for latency in _seen(subscriber, returned)], refused
    finally:
        for subscriber in subscribers:
            subscriber.close()


def _seen(subscriber: Subscriber, returned: dict[str, float]) -> list[float]:
    moments = {event["node"]: moment for moment, event in subscriber.events() if event["type"] == "node.succeeded"}
    missed = returned.keys() - moments.keys()
    if missed:
        raise Lost(f"a subscriber was not told of {sorted(missed)}")
    return [1000 * (moments[name] - moment) for name, moment in returned.items()]


# Emitted text


def wand_emitted(contender: str, name: str, label: str) -> Entry:
    """Return a go that measures the time from an agent's `ctx.emit` until the subscriber has the line."""

    async def go(arena: Arena) -> Measures:
        system = await arena.wand(name)
        run_id = await system.start(await system.store(telling(1, LINES, LINE_PAUSE_SEC)))
        subscriber = await system.follow(run_id)
        await subscriber.ended.wait()
        subscriber.close()
        latencies = sorted(_lines_seen(subscriber))
        if len(latencies) < LINES // 2:
            raise Lost(f"of {LINES} lines only {len(latencies)} came by deltas")
        return {"p50_ms": statistics.median(latencies), "p95_ms": latencies[int(0.95 * len(latencies))]}

    return Entry(contender, name, go, go, label)


def _lines_seen(subscriber: Subscriber) -> Iterator[float]:
    """Yield the latency in ms of each line that a delta brought."""
    for moment, event in subscriber.events():
        if event["type"] == "node.delta":
            for line in event["text"].splitlines():
                yield 1000 * (moment - float(line.split()[1]))


def wand_telling(contender: str, label: str, *, emits: bool, watched: bool) -> Entry:
    """Return a go that measures the processor time that all processes take for one agent in a second, while it emits
    or says nothing.
    """
    name = wand_with_processes(1, TELLERS)

    async def go(arena: Arena) -> Measures:
        system = await arena.wand(name)
        document = telling(TELLERS, LINES, LINE_PAUSE_SEC, emits=emits)
        async with processor_time() as used:
            await (system.timed(document) if watched else system.timed_unwatched(document))
        return {"cpu_ms_per_second": 1000 * used.seconds / (TELLERS * LINES * LINE_PAUSE_SEC)}

    return Entry(contender, name, go, go, label)


# Lists and large outputs


def wand_lists(rows: int) -> Entry:
    """Return a go that lists the first page, and one from the middle of the table."""
    name = wand_with_rows(rows)

    async def go(arena: Arena) -> Measures:
        system = await arena.wand(name)
        before = quote(middle(rows).isoformat())
        return {
            "ms_per_list": await _list_ms(system, f"/runs?limit={PAGE}"),
            "ms_per_list_in_the_middle": await _list_ms(system, f"/runs?limit={PAGE}&created_before={before}"),
            "ms_per_list_of_failed": await _list_ms(system, f"/runs?limit={PAGE}&status=failed"),
        }

    return Entry(f"rows-{rows}", name, go, go, f"`GET /runs`, {rows:,} runs in the table")


async def _list_ms(system: Wand, path: str) -> float:
    """Return the median of several calls in ms, one after the other."""
    taken = []
    for _ in range(LISTS):
        begun = time.perf_counter()
        page = await system.http.get(path)
        taken.append(1000 * (time.perf_counter() - begun))
        if len(page["runs"]) != PAGE:
            raise Lost(f"{path} gave {len(page['runs'])} runs")
    return statistics.median(taken)


def wand_outputs(nodes: int, size_bytes: int) -> Entry:
    async def go(arena: Arena) -> Measures:
        system = await arena.wand()
        seconds, run_id = await system.timed(bulky(nodes, size_bytes))
        outputs = (await system.http.get(f"/runs/{run_id}"))["result"]["outputs"]
        if outputs != {"weigh": {"value": size_bytes}}:
            raise Lost(f"the outputs became {outputs}")
        return {SECONDS: seconds, "mb_per_second": nodes * size_bytes / 1024**2 / seconds}

    return Entry(WAND, WAND, go, go, f"Wand, {nodes} outputs of {size_bytes // 1024**2} MB")
