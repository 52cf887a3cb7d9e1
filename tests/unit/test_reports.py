import asyncio
import logging
import math
import threading
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime

import pytest

from tests.waiting import eventually
from wand_orchestrator.activities.runner.reports import BATCH_BYTES, BATCH_LINES, Reporter
from wand_orchestrator.contract.bounds import JSON_BYTES, TEXT_BYTES
from wand_orchestrator.contract.node import (
    Report,
)
from wand_orchestrator.temporal.emission_feed import Emission


class Journal:
    """Takes batches; fails as often as it is told to, and can be held up."""

    def __init__(self, *, failures: int = 0) -> None:
        self.batches: list[tuple[Report, ...]] = []
        self.failures = failures
        self.calls = 0
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, reports: Sequence[Report]) -> None:
        self.calls += 1
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the journal is away")
        self.batches.append(tuple(reports))

    @property
    def messages(self) -> list[list[str]]:
        return [[report.message for report in batch] for batch in self.batches]


def reporter_to(journal: Journal, interval_sec: float = 0.001) -> Reporter:
    return Reporter("n", 2, journal.send, Emission("r_1", "n", 2), interval_sec=interval_sec)


async def test_what_another_thread_reports_is_sent_in_the_context_of_the_attempt() -> None:
    """Which knows its activity and its client; the thread that watches for blocked loops has neither."""
    attempt: ContextVar[int] = ContextVar("attempt")
    seen: list[int] = []

    async def send(reports: Sequence[Report]) -> None:
        seen.append(attempt.get())

    attempt.set(2)
    reporter = Reporter("n", 2, send, Emission("r_1", "n", 2), interval_sec=0.001)
    thread = threading.Thread(target=reporter.log, args=("it blocks", "warning", {}))
    thread.start()
    await eventually(lambda: bool(seen))
    thread.join()
    assert seen == [2]


async def test_what_nobody_waited_for_is_left_at_the_end() -> None:
    journal = Journal()
    reporter = reporter_to(journal, interval_sec=60)
    reporter.log("a", "info", {"k": 1})
    reporter.progress(50.9, "half")
    left = await reporter.settle()
    assert [(report.kind, report.message, report.percent, report.node, report.attempt) for report in left] == [
        ("log", "a", None, "n", 2),
        ("progress", "half", 50, "n", 2),
    ]
    assert left[0].data == {"k": 1}
    assert await reporter.settle() == ()
    assert journal.calls == 0


async def test_a_batch_is_sent_a_moment_after_its_first_report() -> None:
    journal = Journal()
    reporter = reporter_to(journal)
    reporter.log("a", "info", {})
    reporter.log("b", "info", {})
    await eventually(lambda: journal.messages == [["a", "b"]])
    reporter.log("c", "info", {})
    await eventually(lambda: journal.messages == [["a", "b"], ["c"]])
    assert await reporter.settle() == ()


async def test_one_batch_is_sent_at_a_time_and_what_comes_meanwhile_goes_with_the_next() -> None:
    journal = Journal()
    journal.open.clear()
    reporter = reporter_to(journal)
    reporter.log("a", "info", {})
    await eventually(lambda: journal.calls == 1)
    reporter.log("b", "info", {})
    settling = asyncio.create_task(reporter.settle())
    await asyncio.sleep(0)
    assert not settling.done()
    journal.open.set()
    assert [report.message for report in await settling] == ["b"]
    assert journal.messages == [["a"]]


async def test_only_the_last_progress_of_a_batch_is_kept() -> None:
    reporter = reporter_to(Journal(), interval_sec=60)
    for percent in (10, 20, 30):
        reporter.progress(percent, "")
        reporter.log(f"at {percent}", "info", {})
    assert [report.percent or report.message for report in await reporter.settle()] == ["at 10", "at 20", 30, "at 30"]


@pytest.mark.parametrize(("given", "told"), [(-1, 0), (0, 0), (99.9, 99), (101, 100), (math.inf, 100)])
async def test_progress_is_a_whole_percent_from_0_to_100(given: float, told: int) -> None:
    reporter = reporter_to(Journal(), interval_sec=60)
    reporter.progress(given, "")
    assert [report.percent for report in await reporter.settle()] == [told]


async def test_lines_beyond_a_batchs_number_are_dropped_and_counted() -> None:
    reporter = reporter_to(Journal(), interval_sec=60)
    for number in range(BATCH_LINES + 7):
        reporter.log(str(number), "info", {})
    *kept, note = await reporter.settle()
    assert [report.message for report in kept] == [str(number) for number in range(BATCH_LINES)]
    assert (note.level, note.data) == ("warning", {"dropped": 7})


async def test_lines_beyond_a_batchs_size_are_dropped_and_counted() -> None:
    reporter = reporter_to(Journal(), interval_sec=60)
    for _ in range(BATCH_LINES):
        reporter.log("x" * TEXT_BYTES, "info", {})
    reports = await reporter.settle()
    assert sum(len(report.model_dump_json()) for report in reports) <= BATCH_BYTES + 1024
    assert reports[-1].data == {"dropped": BATCH_LINES - (len(reports) - 1)}


async def test_a_message_is_cut_at_its_limit_and_says_so() -> None:
    reporter = reporter_to(Journal(), interval_sec=60)
    reporter.log("ä" * TEXT_BYTES, "info", {})
    [report] = await reporter.settle()
    assert len(report.message.encode()) <= TEXT_BYTES
    assert report.message.endswith(f"[{2 * TEXT_BYTES} bytes in all]")


async def test_data_of_any_shape_is_made_fit() -> None:
    reporter = reporter_to(Journal(), interval_sec=60)
    thing = object()
    reporter.log("a", "info", {"at": datetime(2026, 1, 2, tzinfo=UTC), "thing": thing, "nan": math.nan})
    reporter.log("b", "info", {"text": "x" * JSON_BYTES})
    reporter.log("c", "info", {"text": "\ud800"})
    odd, large, broken = await reporter.settle()
    assert odd.data == {"at": "2026-01-02T00:00:00Z", "thing": str(thing), "nan": None}
    assert list(large.data) == ["too_large"]
    assert list(broken.data) == ["unserializable"]


async def test_what_could_not_be_sent_goes_with_the_next_batch_in_order(caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(failures=2)
    reporter = reporter_to(journal)
    reporter.progress(10, "")
    reporter.log("a", "info", {})
    await eventually(lambda: journal.calls >= 2)
    reporter.log("b", "info", {})
    await eventually(lambda: journal.messages != [])
    assert await _all_messages(journal, reporter) == ["", "a", "b"]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "node n" in warnings[0].getMessage()


async def _all_messages(journal: Journal, reporter: Reporter) -> list[str]:
    left = await reporter.settle()
    return [message for batch in journal.messages for message in batch] + [report.message for report in left]


async def test_a_flush_sends_what_is_left_and_its_last_report_after_it() -> None:
    journal = Journal()
    reporter = reporter_to(journal, interval_sec=60)
    reporter.log("a", "info", {})
    await reporter.flush(last=Report(kind="retrying", node="n", attempt=2, message="again"))
    assert journal.messages == [["a", "again"]]


async def test_a_flush_of_nothing_sends_nothing() -> None:
    journal = Journal()
    await reporter_to(journal).flush()
    assert journal.calls == 0


async def test_a_flush_that_fails_leaves_its_reports() -> None:
    reporter = reporter_to(Journal(failures=1), interval_sec=60)
    reporter.log("a", "info", {})
    await reporter.flush()
    assert [report.message for report in await reporter.settle()] == ["a"]


async def test_threads_may_report_at_once_and_nothing_is_lost() -> None:
    journal = Journal()
    reporter = reporter_to(journal)

    def work(name: str) -> None:
        for number in range(BATCH_LINES // 4):
            reporter.log(f"{name}{number}", "info", {})

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
    messages = await _all_messages(journal, reporter)
    assert sorted(messages) == sorted(f"{name}{number}" for name in "abc" for number in range(BATCH_LINES // 4))


async def test_an_attempt_that_logs_without_end_is_cut_off_and_the_rest_is_counted_once() -> None:
    sent: list[Report] = []

    async def send(reports: Sequence[Report]) -> None:
        sent.extend(reports)

    reporter = Reporter("n", 1, send, Emission("r_1", "n", 1), interval_sec=None, max_bytes=50_000)
    for _ in range(100):
        reporter.log("x" * 1000, "info", {})
    left = await reporter.settle()
    *kept, note = left
    assert sum(len(report.model_dump_json()) for report in kept) <= 50_000
    assert note.data == {"dropped": 100 - len(kept)}
    assert "WAND_MAX_LOG_BYTES" in note.message
