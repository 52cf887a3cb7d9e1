"""Measures a workload: its contenders take turns, in another order each round."""

import asyncio
import gc
import random
import statistics
from collections.abc import Callable

from bench.arena import Arena
from bench.results import Outcome
from bench.workload import Go, Workload

REST_SEC = 0.2
"""Between two goes: what one leaves behind, such as a journal that is archived, is not to slow the next one down."""

Say = Callable[[str], None]


async def measure(workload: Workload, arena: Arena, rounds: int, rng: random.Random, say: Say) -> dict[str, Outcome]:
    """Measure a workload; return the outcomes by contender. One that fails is not measured again;
    the others continue.
    """
    await arena.keep(() if workload.fresh else {entry.system for entry in workload.entries})
    outcomes = {entry.contender: Outcome(note=entry.label) for entry in workload.entries}
    for entry in workload.entries:
        await _attempt(entry.prepare, arena, workload.limit_sec, outcomes[entry.contender], keep=False)
    for _ in range(rounds):
        for entry in rng.sample(workload.entries, len(workload.entries)):
            await _attempt(entry.go, arena, workload.limit_sec, outcomes[entry.contender])
    say(_line(workload, outcomes))
    return outcomes


async def _attempt(go: Go, arena: Arena, limit_sec: float, outcome: Outcome, *, keep: bool = True) -> None:
    if outcome.failure is not None:
        return
    await asyncio.sleep(REST_SEC)
    gc.collect()
    try:
        async with asyncio.timeout(limit_sec) as limit:
            measures = await go(arena)
    except Exception as error:
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        outcome.failure = f"not done within {limit_sec:g} s" if limit.expired() else said
    else:
        outcome.add(measures if keep else {})


def _line(workload: Workload, outcomes: dict[str, Outcome]) -> str:
    parts = [f"{name} {_short(workload, outcome)}" for name, outcome in outcomes.items()]
    return f"{workload.name}: {', '.join(parts)}"


def _short(workload: Workload, outcome: Outcome) -> str:
    samples = outcome.samples.get(workload.measure)
    if outcome.failure is not None or not samples:
        return outcome.failure or "nothing"
    return f"{statistics.median(samples):.4g}"
