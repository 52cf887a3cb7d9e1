"""What must hold, and whether it did."""

from dataclasses import dataclass

from bench.peers.catalogue import PEERS
from bench.results import Quantity, Results
from bench.statistics import Estimate, Verdict, median_of, ratio_of
from bench.workload import SECONDS
from bench.workloads import PEER_WORKLOADS, against_name


@dataclass(frozen=True)
class Target:
    """`of`, or `of` divided by `over`, is at least or at most `limit`."""

    text: str
    of: Quantity
    limit: float
    over: Quantity | None = None
    at_least: bool = False
    unit: str = "x"


@dataclass(frozen=True)
class Judgement:
    """`estimate` is None if it was not measured."""

    target: Target
    estimate: Estimate | None
    verdict: Verdict | None

    @classmethod
    def of(cls, target: Target, results: Results) -> "Judgement":
        estimate = _estimate(target, results)
        verdict = None if estimate is None else estimate.against(target.limit, at_least=target.at_least)
        return cls(target, estimate, verdict)


def targets() -> tuple[Target, ...]:
    return (*OWN, *(_peer_target(peer, workload) for peer in PEERS for workload in PEER_WORKLOADS))


def judge(results: Results) -> list[Judgement]:
    """Those of peers that were not asked for are left out."""
    asked = [target for target in targets() if target in OWN or target.of.workload in results.outcomes]
    return [Judgement.of(target, results) for target in asked]


def _estimate(target: Target, results: Results) -> Estimate | None:
    above = results.samples(target.of)
    if target.over is None:
        return median_of(above) if above else None
    below = results.samples(target.over)
    return ratio_of(above, below) if above and below else None


def _seconds(workload: str, contender: str) -> Quantity:
    return Quantity(workload, contender, SECONDS)


def _p50(contender: str) -> Quantity:
    return Quantity("deltas", contender, "p50_ms")


def _peer_target(peer: str, workload: str) -> Target:
    name = against_name(workload, peer)
    text = f"{workload}: ahead of {peer}"
    return Target(text, _seconds(name, peer), 1.0, over=_seconds(name, "wand"), at_least=True)


OWN = (
    Target(
        "chain of 100, regular activities: faster than hand-written on the stock dev server",
        _seconds("chain100", "stock"),
        4.0,
        over=_seconds("chain100", "wand"),
        at_least=True,
    ),
    Target(
        "chain of 100, regular activities: against hand-written on the same tuned server",
        _seconds("chain100", "wand"),
        1.15,
        over=_seconds("chain100", "tuned"),
    ),
    Target(
        "chain of 100 short agents: faster than hand-written plain activities on the tuned server",
        _seconds("short100", "tuned"),
        3.0,
        over=_seconds("short100", "wand"),
        at_least=True,
    ),
    Target(
        "3 short nodes, `POST /runs` to the last SSE event: against `execute_workflow` with local activities",
        _seconds("short3", "wand"),
        1.5,
        over=_seconds("short3", "tuned-local"),
    ),
    Target(
        "1,000 wide: against hand-written on the tuned server",
        _seconds("wide1000", "wand"),
        1.15,
        over=_seconds("wide1000", "tuned"),
    ),
    Target(
        "cost per node: at 10,000 nodes against 100",
        Quantity("nodes10000", "wand", "ms_per_node"),
        1.3,
        over=Quantity("nodes10000", "wand-one-layer", "ms_per_node"),
    ),
    Target(
        "cost per node: at 10,000 nodes against 1,000, which have as small a part in the start of a run",
        Quantity("nodes10000", "wand", "ms_per_node"),
        1.3,
        over=Quantity("nodes10000", "wand-tenth", "ms_per_node"),
    ),
    Target("1,000 runs at once: lost", Quantity("burst1000", "wand", "lost"), 0.0, unit=""),
    Target(
        "1,000 runs at once: time against hand-written",
        _seconds("burst1000", "wand"),
        1.3,
        over=_seconds("burst1000", "tuned"),
    ),
    Target("SSE latency, 1 subscriber: p50", Quantity("sse", "subscribers-1", "p50_ms"), 30.0, unit="ms"),
    Target("SSE latency, 1,000 subscribers: p95", Quantity("sse", "subscribers-1000", "p95_ms"), 250.0, unit="ms"),
    Target("text from `ctx.emit` to the subscriber, one process: p50", _p50("together"), 50.0, unit="ms"),
    Target("text from `ctx.emit` to the subscriber, API and worker apart: p50", _p50("apart"), 700.0, unit="ms"),
    Target(
        "chain of 100 watched by one subscriber: against the same unwatched",
        _seconds("chain100", "wand"),
        1.15,
        over=_seconds("chain100", "wand-unwatched"),
    ),
    Target(
        "memory of the worker during 10,000 nodes, over idle",
        Quantity("nodes10000", "wand", "memory_mb"),
        300.0,
        unit="MB",
    ),
)
"""Those of Wand itself, in the order of the table."""
