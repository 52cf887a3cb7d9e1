"""Tracebacks look on the other side as they did where they were made."""

import traceback
from types import TracebackType

from wand_orchestrator import AgentError
from wand_orchestrator.activities.host.child import FAILURE
from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure
from wand_orchestrator.activities.runner.traces import INNER, OUTER, places_of, traceback_of


def fails(depth: int) -> None:
    if depth:
        fails(depth - 1)
    raise AgentError("it fails", code="asked_to_fail", retryable=False, retry_after=3, details={"a": [1]})


def failure(depth: int) -> AttemptFailure:
    try:
        fails(depth)
    except AgentError as error:
        return AttemptFailure.of(error)
    raise AssertionError


def printed(trace: TracebackType | None) -> list[tuple[str, str, int | None, str | None]]:
    return [(line.filename, line.name, line.lineno, line.line) for line in traceback.extract_tb(trace)]


def test_a_failure_crosses_as_json_with_the_frames_of_its_author() -> None:
    made = failure(2)
    there = FAILURE.validate_json(FAILURE.dump_json(made))
    assert printed(there.traceback) == printed(made.traceback)
    assert (
        printed(there.traceback)[-1][3] == 'raise AgentError("it fails", code="asked_to_fail", retryable=False, '
        'retry_after=3, details={"a": [1]})'
    )
    assert (there.code, there.message, there.retryable) == ("asked_to_fail", "it fails", False)
    assert (there.retry_after, there.details, there.stated) == (made.retry_after, {"a": [1]}, True)


def test_of_a_deep_recursion_the_beginning_and_the_end_cross() -> None:
    places = places_of(failure(500).traceback)
    assert len(places) == OUTER + INNER
    assert (places[0][1], places[-1][1]) == ("failure", "fails")
    assert len(printed(traceback_of(places))) == OUTER + INNER


def test_without_a_traceback_there_is_none() -> None:
    assert FAILURE.validate_json(FAILURE.dump_json(AttemptFailure("c", "m"))).traceback is None
