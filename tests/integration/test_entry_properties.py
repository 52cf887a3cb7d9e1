"""Whatever enters a run, it ends, and what it says can be read; hypothesis looks for what would not.

`make fuzz-entry` looks longer: WAND_FUZZ_EXAMPLES says how many examples of each test.
"""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import RPCError, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from tests.integration.foreign_worker import Foreign, foreign_worker, raw
from tests.integration.graph_cases import echo, edge, graph
from tests.integration.graph_runs import Handle, Runs, serve
from tests.sandbox import replayer

EXAMPLES = int(os.environ.get("WAND_FUZZ_EXAMPLES", "12"))
PATIENCE_SEC = 60.0

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
"""Of what hypothesis tried: some examples are large, and a warning about that would be taken for a failure."""

fuzz = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None, database=None)

NUMBERS = st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from([0, -1, 2**31, 2**63, 1e308, -0.0])
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=30) | st.just("x" * 5000)
JSON = st.recursive(
    SCALARS, lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=8), parts, max_size=4)
)
MOMENTS = st.sampled_from(
    ["2026-01-31T12:00:00+02:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-31T12:00:00", "x"]
)
NODES = st.sampled_from(["a", "b", "a[0]", "a/x", "no", "", "\x00", "$archive-1"])


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"x": value}
    return value


DEEP = st.sampled_from([95, 99, 100, 101, 150, 197, 198, 199, 200, 201, 250]).map(nested)
VALUES = JSON | DEEP
FAILURES = st.fixed_dictionaries({}, optional={"code": SCALARS, "message": SCALARS, "node": NODES, "details": VALUES})
KEYS = st.sampled_from(["error", "schema", "run_id", "node", "event", "duration_ms", "run_status", "held", "worker"])
"""Those that the journal itself uses in the data of events."""
DATA = st.dictionaries(KEYS | st.text(max_size=5), VALUES | FAILURES, max_size=3)
REPORTS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["log", "progress", "retrying", "else"]),
        "node": NODES | SCALARS,
        "attempt": st.integers(-1, 3) | SCALARS,
        "message": SCALARS,
        "level": st.sampled_from(["info", "error", "loud"]),
        "percent": st.integers(-5, 105) | SCALARS,
        "data": DATA | JSON,
        "error": FAILURES | SCALARS,
        "next_attempt_at": MOMENTS | SCALARS,
    },
)
MEASURES: dict[str, st.SearchStrategy[Any]] = {
    "attempt": st.integers(-1, 3) | SCALARS,
    "worker": SCALARS,
    "queued_ms": NUMBERS | SCALARS,
    "duration_ms": NUMBERS | SCALARS,
    "reports": st.lists(REPORTS, max_size=3) | SCALARS,
}
RESULTS = st.fixed_dictionaries({}, optional={"output": VALUES, "ended_at": MOMENTS | SCALARS, **MEASURES})
ENCODINGS = st.sampled_from(["json/plain", "binary/plain", "binary/null", "json/protobuf", "binary/protobuf", "", "é"])
BYTES = st.builds(raw, st.binary(max_size=40) | st.just(b"[" * 300), ENCODINGS)
ERRORS = st.builds(
    lambda message, details, type, final: ApplicationError(message, *details, type=type, non_retryable=final),
    st.text(max_size=50) | st.just("x" * 9000),
    st.lists(st.fixed_dictionaries({}, optional={"details": VALUES, **MEASURES}) | VALUES | BYTES, max_size=2),
    st.sampled_from([None, "", "worker_lost", "worker_shutdown", "too_slow", "NotFoundError", "expression", "y" * 500]),
    st.booleans(),
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "seq": st.integers(0, 3),
        "ts": MOMENTS,
        "type": st.sampled_from(["node.log", "node.failed", "run.succeeded", "run.started", "node.waiting", "else"]),
        "node": NODES | SCALARS,
        "progress": st.integers(-1, 101),
        "message": SCALARS,
        "data": DATA | JSON,
    },
)
CHILD_EVENTS = st.fixed_dictionaries(
    {}, optional={"node": NODES, "run_id": SCALARS, "events": st.lists(EVENTS, max_size=3) | SCALARS}
)
SIGNALS = st.tuples(
    st.sampled_from(["report", "child_events", "event", "pause", "resume", "no such"]),
    st.lists(st.lists(REPORTS, max_size=3) | CHILD_EVENTS | VALUES | BYTES, max_size=3),
)
ANSWERS = st.fixed_dictionaries({}, optional={"node": NODES | SCALARS, "answer": VALUES, "by": SCALARS})
UPDATES = st.tuples(
    st.sampled_from(["retry", "respond", "skip", "no such"]), st.lists(NODES | ANSWERS | VALUES | BYTES, max_size=2)
)


@pytest.fixture(scope="session")
async def runs(temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    async for runs in serve(temporal_env.client, tmp_path_factory.mktemp("entry")):
        yield runs


@pytest.fixture(scope="session")
async def foreign(temporal_env: WorkflowEnvironment) -> AsyncIterator[Foreign]:
    async with foreign_worker(temporal_env.client) as worker:
        yield worker


async def ends(runs: Runs, handle: Handle) -> None:
    """The run ends, its journal is in the database and ends with its end, and its history replays."""
    async with asyncio.timeout(PATIENCE_SEC):
        with contextlib.suppress(WorkflowFailureError):
            await handle.result()
    events = await runs.archived(handle)
    assert events[-1].type.startswith("run.")
    await replayer(runs.client.data_converter).replay_workflow(await handle.fetch_history())


@fuzz
@given(answer=RESULTS | VALUES | BYTES | ERRORS)
async def test_a_run_ends_whatever_a_worker_of_somebody_elses_answers(
    runs: Runs, foreign: Foreign, answer: Any
) -> None:
    if isinstance(answer, Exception):
        foreign.raises(answer)
    else:
        foreign.gives(answer)
    handle = await runs.start(graph([foreign.node("a"), echo("b")], [edge("a", "b", x="@")]))
    await ends(runs, handle)


@fuzz
@given(signals=st.lists(SIGNALS, max_size=4), updates=st.lists(UPDATES, max_size=2))
async def test_a_run_ends_whatever_it_is_signalled_and_asked(
    runs: Runs, foreign: Foreign, signals: list[Any], updates: list[Any]
) -> None:
    foreign.gives({"output": 1})
    approval = {"id": "b", "type": "flow.approval"}
    handle = await runs.start(graph([foreign.node("a"), approval], [edge("a", "b")]))
    for name, arguments in signals:
        await handle.signal(name, args=arguments)
    for name, arguments in updates:
        try:
            await handle.execute_update(name, args=arguments)
        except (WorkflowUpdateFailedError, RPCError):
            continue
    await handle.cancel()
    await ends(runs, handle)


@fuzz
@given(arguments=st.lists(VALUES | BYTES | st.fixed_dictionaries({"graph": VALUES}), max_size=3))
async def test_a_run_ends_whatever_it_is_started_with(runs: Runs, arguments: list[Any]) -> None:
    handle = await runs.client.start_workflow(
        "GraphRun", args=arguments, id=f"r_{uuid.uuid4().hex}", task_queue=runs.task_queue
    )
    async with asyncio.timeout(PATIENCE_SEC):
        with pytest.raises(WorkflowFailureError):
            await handle.result()
