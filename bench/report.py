"""Formats results as tables in Markdown."""

from collections.abc import Iterator, Sequence

from bench.results import Outcome, Results
from bench.statistics import CONFIDENCE, MIN_SAMPLES, WIDEST, Estimate, Summary, ratio_of
from bench.targets import Judgement, Target, judge
from bench.workload import Workload

RULE = (
    f"Medians with their quartiles. A ratio is the median of those of the rounds, with a bootstrap interval of "
    f"{CONFIDENCE:.0%}; it is not told if there were fewer than {MIN_SAMPLES} rounds, or if the interval reaches "
    f"further than {WIDEST:.0%} to either side of it. Where only the interval is told, another go might give another "
    "ratio."
)
_MEASURES = {
    "seconds": "s",
    "ms_per_node": "ms a node",
    "ms_per_start": "ms a start",
    "ms_per_list": "ms, first page",
    "ms_per_list_in_the_middle": "ms, page in the middle",
    "ms_per_list_of_failed": "ms, first page of `failed`",
    "p50_ms": "ms, p50",
    "p95_ms": "ms, p95",
    "runs_per_second": "runs a second",
    "starts_per_second": "starts a second",
    "ms_per_run": "ms a run, until all have ended",
    "mb_per_second": "MB a second",
    "memory_mb": "MB over idle",
    "cpu_ms_per_second": "ms of processor time, for an agent in a second",
    "lost": "runs lost",
    "refused": "refused with 503 at first",
}


def markdown(results: Results, measured: list[Workload]) -> str:
    machine = ", ".join(f"{name}: {value}" for name, value in results.machine.items())
    size = "In small, to see that all works: these figures say little. " if results.quick else ""
    parts = [f"{size}{machine}.", RULE, "### What must hold", _targets(judge(results))]
    for workload in measured:
        parts += [f"### {workload.title}", _table(workload, results.outcomes[workload.name])]
    return "\n\n".join(parts) + "\n"


def _targets(judgements: list[Judgement]) -> str:
    rows = [
        (judgement.target.text, _limit(judgement.target), _measured(judgement), judgement.verdict or "not measured")
        for judgement in judgements
    ]
    return _grid(("measure", "target", "measured", ""), rows)


def _limit(target: Target) -> str:
    return f"{'at least' if target.at_least else 'at most'} {_number(target.limit)}{_unit(target)}"


def _measured(judgement: Judgement) -> str:
    estimate = judgement.estimate
    if estimate is None:
        return ""
    return _estimated(estimate, _unit(judgement.target))


def _unit(target: Target) -> str:
    return target.unit if target.unit in ("", "x") else f" {target.unit}"


def _estimated(estimate: Estimate, unit: str) -> str:
    between = f"{_number(estimate.low)} to {_number(estimate.high)}{unit}"
    if estimate.count < MIN_SAMPLES:
        return "too few samples"
    return f"**{_number(estimate.value)}{unit}** ({between})" if estimate.telling else f"between {between}"


def _table(workload: Workload, outcomes: dict[str, Outcome]) -> str:
    names = list(dict.fromkeys(name for outcome in outcomes.values() for name in outcome.samples))
    head = ("contender", *(_MEASURES.get(name, name) for name in names), f"against {workload.base}")
    return _grid(head, [_row(workload, outcomes, contender, names) for contender in outcomes])


def _row(workload: Workload, outcomes: dict[str, Outcome], contender: str, names: list[str]) -> tuple[str, ...]:
    outcome = outcomes[contender]
    label = outcome.note or contender
    if outcome.failure is not None:
        label += f" (failed: {outcome.failure})"
    cells = (_summary(outcome.samples.get(name)) for name in names)
    return (label, *cells, _against(workload, outcomes, contender))


def _against(workload: Workload, outcomes: dict[str, Outcome], contender: str) -> str:
    if contender == workload.base or workload.base not in outcomes:
        return ""
    mine = outcomes[contender].samples.get(workload.measure)
    base = outcomes[workload.base].samples.get(workload.measure)
    return _estimated(ratio_of(mine, base), "x") if mine and base else ""


def _summary(samples: list[float] | None) -> str:
    if not samples:
        return ""
    summary = Summary.of(samples)
    if summary.least == summary.most:
        return _number(summary.median)
    return f"{_number(summary.median)} ({_number(summary.low)} to {_number(summary.high)})"


def _number(value: float) -> str:
    """Return the number with three significant digits."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.2g}"


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
