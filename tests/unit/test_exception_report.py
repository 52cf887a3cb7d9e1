import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from wand_orchestrator import AgentError
from wand_orchestrator.activities.agents.analyze.analyze import AnalyzeInput, analyze
from wand_orchestrator.activities.agents.analyze.column_choice import ColumnChoice
from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure
from wand_orchestrator.activities.runner.exception_report import (
    CAUSE_BYTES,
    MOST_CAUSES,
    MOST_FRAMES,
    TRACEBACK_BYTES,
    ErrorReport,
    describe,
)
from wand_orchestrator.contract.bounds import TEXT_BYTES
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.settings import Settings
from wand_orchestrator.testing import RecordingContext

FILE = "test_exception_report.py"


def raised(function: Callable[[], Any]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def report_of(function: Callable[[], Any], mask: Mask | None = None) -> ErrorReport:
    return describe(raised(function), mask)


def parse() -> None:
    json.loads("{")


def read() -> None:
    try:
        parse()
    except ValueError as error:
        raise LookupError("no city in it") from error


def connect(text: str) -> None:
    raise ConnectionError(text)


def test_type_message_frames_and_causes_of_an_exception_are_told() -> None:
    report = report_of(read)
    assert (report.code, report.message, report.retryable, report.stated) == (
        "LookupError",
        "no city in it",
        True,
        False,
    )
    assert report.raised.type == "LookupError"
    assert [frame.function for frame in report.raised.frames] == ["raised", "read"]
    assert report.raised.frames[-1].line == read.__code__.co_firstlineno + 4
    (cause,) = report.raised.causes
    assert (cause.relation, cause.type) == ("cause", "json.decoder.JSONDecodeError")
    assert "line 1 column 2" in cause.message
    assert [frame.function for frame in cause.frames] == ["read", "parse"]  # and none of Python's own


def test_a_file_is_told_relative_to_its_package_and_no_source_text_is() -> None:
    report = report_of(read)
    assert all(frame.file.endswith(FILE) and not frame.file.startswith("/") for frame in report.raised.frames)
    assert "json.loads" not in report.model_dump_json(exclude={"traceback"})


def test_the_traceback_for_the_log_is_whole() -> None:
    text = report_of(read).traceback
    assert "JSONDecodeError" in text
    assert "direct cause of the following" in text
    assert text.rstrip().endswith("LookupError: no city in it")


def test_what_was_being_handled_is_told_unless_the_author_hid_it() -> None:
    def shown() -> None:
        try:
            parse()
        except ValueError:
            raise KeyError("city")  # noqa: B904

    def hidden() -> None:
        try:
            parse()
        except ValueError:
            raise KeyError("city") from None

    assert [cause.relation for cause in report_of(shown).raised.causes] == ["context"]
    assert report_of(hidden).raised.causes == ()


def test_parts_of_a_group_are_told_each_with_its_causes() -> None:
    def fail() -> None:
        raise ExceptionGroup("two of three failed", [raised(read), ValueError("odd")])  # type: ignore[type-var]

    report = report_of(fail)
    assert report.code == "ExceptionGroup"
    told = [(cause.relation, cause.type) for cause in report.raised.causes]
    assert told == [("part", "LookupError"), ("cause", "json.decoder.JSONDecodeError"), ("part", "ValueError")]


def test_an_error_that_an_agent_raised_on_purpose_keeps_its_words_and_its_cause() -> None:
    def fail() -> None:
        try:
            connect("no route")
        except ConnectionError as error:
            raise AgentError("the shop is shut", code="shut", retryable=False, details={"at": 5}) from error

    report = report_of(fail)
    assert (report.code, report.message, report.retryable, report.details) == (
        "shut",
        "the shop is shut",
        False,
        {"at": 5},
    )
    assert report.stated
    assert [(cause.type, cause.message) for cause in report.raised.causes] == [("ConnectionError", "no route")]


def test_a_report_survives_as_json() -> None:
    report = report_of(read)
    assert ErrorReport.model_validate_json(report.model_dump_json()) == report
    assert AttemptFailure.told(report).for_journal("n").exception == report.raised


def test_exceptions_that_refer_to_one_another_in_a_circle_are_told_once() -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    assert [cause.type for cause in describe(first).raised.causes] == ["KeyError"]


def test_many_causes_are_counted_and_long_texts_are_cut() -> None:
    parts = [ValueError("x" * 100_000) for _ in range(50)]
    report = describe(ExceptionGroup("y" * 100_000, parts))
    assert (len(report.raised.causes), report.raised.more_causes) == (MOST_CAUSES, 50 - MOST_CAUSES)
    assert len(report.raised.causes[0].message.encode()) <= CAUSE_BYTES
    assert len(report.message.encode()) <= TEXT_BYTES
    assert len(report.traceback.encode()) <= TRACEBACK_BYTES
    assert len(report.model_dump_json(exclude={"traceback"})) < 16 * 1024


def test_of_an_endless_recursion_the_innermost_frames_are_told() -> None:
    def descend(depth: int) -> int:
        return descend(depth + 1)

    report = report_of(lambda: descend(0))
    assert report.code == "RecursionError"
    assert [frame.function for frame in report.raised.frames] == ["descend"] * MOST_FRAMES


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def test_an_exception_without_a_text_is_told_all_the_same() -> None:
    assert describe(Mute()).message == "its text cannot be made: ValueError"
    assert describe(ZeroDivisionError()).message == "ZeroDivisionError"


def test_notes_are_a_part_of_the_message() -> None:
    error = ValueError("odd")
    error.add_note("in row 7")
    assert describe(error).message == "odd\nin row 7"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), StopIteration("done")])
def test_what_is_no_exception_of_the_usual_kind_is_told_too(error: BaseException) -> None:
    assert describe(error).raised.type == type(error).__name__


class Account(BaseModel):
    pin: int


def test_a_misfit_is_told_without_the_value() -> None:
    report = report_of(lambda: Account.model_validate({"pin": "hunter2"}))
    assert report.message.startswith("Account: pin: Input should be a valid integer")
    assert "hunter2" not in report.message


def mask() -> Mask:
    settings = Settings(
        _env_file=None,
        api_key=SecretStr("k-0123456789"),
        database_url="postgresql://wand:pa%24%24word@db/wand",
    )
    return Mask.of(settings)


@pytest.mark.parametrize("secret", ["k-0123456789", "pa$$word", "pa%24%24word"])
def test_secrets_of_the_settings_are_masked_wherever_they_stand(secret: str) -> None:
    def fail() -> None:
        try:
            connect(f"refused {secret}")
        except ConnectionError as error:
            raise AgentError(f"no way: {secret}", details={"said": [secret]}) from error

    told = report_of(fail, mask()).model_dump_json()
    assert secret not in told
    assert "no way: ***" in told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("GET https://s3/b/k?X-Amz-Signature=abc&X-Amz-Date=1 failed", "GET https://s3/b/k?*** failed"),
        ("cannot reach redis://me:hunter2@cache:6379/0", "cannot reach redis://***@cache:6379/0"),
        ("refused: token=abc, port=1", "refused: token=***, port=1"),
        ("{'Authorization': 'Bearer abc'}", "{'Authorization': '***'}"),
        ("API_KEY: abc", "API_KEY: ***"),
        ("AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=***"),
        ("host=db password=hunter2 port=1", "host=db password=*** port=1"),
        ("login(password='hunter 2', port=1)", "login(password='***', port=1)"),
        ('{"private_key": "-----BEGIN KEY----- abc"}', '{"private_key": "***"}'),
        (r'"{\"token\": \"a b\"}"', r'"{\"token\": \"***"}"'),
        ("sent Bearer eyJhbGciOiJIUzI1NiJ9.e30", "sent Bearer ***"),
        ("basic authentication is off", "basic authentication is off"),
        ("no such file: /etc/x?y", "no such file: /etc/x?y"),
    ],
)
def test_a_text_that_nobody_chose_to_show_loses_what_looks_like_a_secret(said: str, told: str) -> None:
    def fail() -> None:
        try:
            connect(said)
        except ConnectionError as error:
            raise ValueError("odd") from error

    report = report_of(fail)
    assert report.raised.causes[0].message == told
    assert told in report.traceback
    assert report_of(lambda: connect(said)).message == told


def test_an_agents_own_words_are_told_as_they_are() -> None:
    def fail() -> None:
        raise AgentError("https://shop/?page=2 has no token: log in first")

    assert report_of(fail).message == "https://shop/?page=2 has no token: log in first"


def test_a_delay_that_is_no_number_leaves_the_nodes_backoff() -> None:
    assert describe(AgentError("busy", retry_after="soon")).retry_after is None  # type: ignore[arg-type]


def test_what_an_agent_of_wand_states_is_told_without_frames_of_wand() -> None:
    def analyzed() -> None:
        analyze(ColumnChoice(), AnalyzeInput(), RecordingContext())

    report = report_of(analyzed)
    assert (report.code, report.stated) == ("empty_input", True)
    assert [frame.function for frame in report.raised.frames] == ["raised", "analyzed"]
    assert all(frame.file.endswith(FILE) for frame in report.raised.frames)
    assert "analyze.py" in report.traceback
