"""The context that authors test their agents with does what a worker's does."""

import asyncio

import pytest

from wand_orchestrator import AgentContext, AgentError, agent, tool
from wand_orchestrator.contract.bounds import TEXT_BYTES
from wand_orchestrator.testing import RecordingContext


@tool("acme.double")
async def double(number: int) -> int:
    return 2 * number


@tool("acme.note")
def note(text: str, ctx: AgentContext) -> str:
    ctx.log(text)
    return text.upper()


@agent("acme.plain", tools=["acme.double", "acme.note"])
def plain(ctx: AgentContext) -> dict[str, object]:
    url = ctx.save_artifact("report.txt", "fine", "text/plain")
    ctx.progress(50)
    return {"double": ctx.tools["acme.double"](number=4), "note": ctx.tools["acme.note"](text="a"), "url": url}


@agent("acme.asynchronous", tools=["acme.double", "acme.note"])
async def asynchronous(ctx: AgentContext) -> dict[str, object]:
    url = await ctx.save_artifact("report.txt", b"fine", "text/plain")
    await ctx.progress(50)
    doubled = await ctx.tools["acme.double"](number=4)
    return {"double": doubled, "note": await ctx.tools["acme.note"](text="a"), "url": url}


def check(ctx: RecordingContext, output: dict[str, object]) -> None:
    assert (output["double"], output["note"]) == (8, "A")
    assert str(output["url"]).startswith("/runs/r_test/artifacts/")
    assert ctx.logs == [("info", "a")]
    assert ctx.reached == [50]
    assert ctx.artifacts == {"report.txt": (b"fine", "text/plain")}


def test_a_plain_agent_calls_and_does_not_await() -> None:
    ctx = RecordingContext(double, note)
    check(ctx, plain(ctx=ctx))


async def test_a_plain_agent_in_a_thread_of_an_asynchronous_test() -> None:
    ctx = RecordingContext(double, note)
    check(ctx, await asyncio.to_thread(plain, ctx=ctx))


async def test_an_async_agent_awaits() -> None:
    ctx = RecordingContext(double, note)
    check(ctx, await asynchronous(ctx=ctx))


def test_tool_calls_are_validated() -> None:
    ctx = RecordingContext(double)
    assert ctx.tools["acme.double"](number="4") == 8
    for given, named in (((), {"number": "x"}), ((4,), {})):
        with pytest.raises(AgentError) as raised:
            ctx.tools["acme.double"](*given, **named)
        assert (raised.value.code, raised.value.retryable) == ("invalid_tool_call", False)


def test_a_tool_that_was_not_given_is_named() -> None:
    with pytest.raises(AgentError, match=r"the tool 'acme\.double'") as raised:
        RecordingContext(note).tools["acme.double"]
    assert raised.value.code == "tool_not_asked_for"
    assert "acme.double" not in RecordingContext(note).tools


def test_log_lines_keep_their_data_and_their_bounds() -> None:
    ctx = RecordingContext()
    ctx.log("read", level="warning", rows=3)
    ctx.log("x" * 10_000, blob="y" * 100_000)
    assert ctx.logs[0] == ("warning", "read")
    assert ctx.log_data[0] == {"rows": 3}
    assert len(ctx.logs[1][1].encode()) <= TEXT_BYTES
    assert "too_large" in ctx.log_data[1]


def test_a_level_that_there_is_not_is_told_in_a_sentence() -> None:
    with pytest.raises(AgentError, match="one of debug, info, warning, error, not 'warn'") as raised:
        RecordingContext().log("no", level="warn")  # type: ignore[arg-type]
    assert raised.value.code == "invalid_log_level"


def test_percents_are_whole_and_bounded() -> None:
    ctx = RecordingContext()
    for percent in (-5, 12.7, 500):
        ctx.progress(percent)
    assert ctx.reached == [0, 12, 100]


@pytest.mark.parametrize(("name", "media_type"), [("../x", "text/plain"), ("x.txt", "no type")])
def test_artifacts_that_cannot_be_kept_are_refused(name: str, media_type: str) -> None:
    ctx = RecordingContext()
    with pytest.raises(AgentError) as raised:
        ctx.save_artifact(name, b"", media_type)
    assert raised.value.code == "invalid_artifact"
    assert ctx.artifacts == {}


def test_a_cancelled_plain_agent_is_stopped_by_whatever_it_calls() -> None:
    ctx = RecordingContext(double)
    ctx.cancel()
    assert ctx.cancelled
    for call in (
        lambda: ctx.log("x"),
        lambda: ctx.progress(1),
        lambda: ctx.save_artifact("x.txt", b"", "text/plain"),
        lambda: ctx.tools["acme.double"](number=1),
    ):
        with pytest.raises(asyncio.CancelledError):
            call()
    assert (ctx.logs, ctx.reached, ctx.artifacts) == ([], [], {})


async def test_a_cancelled_async_agent_is_stopped_by_what_it_awaits() -> None:
    ctx = RecordingContext(double)
    ctx.cancel()
    ctx.log("last words")
    with pytest.raises(asyncio.CancelledError):
        await ctx.tools["acme.double"](number=1)
    with pytest.raises(asyncio.CancelledError):
        await ctx.progress(1)
    assert ctx.logs == [("info", "last words")]


@agent("acme.reader")
def reader(ctx: AgentContext) -> list[str]:
    url = ctx.save_artifact("own.txt", "mine", "text/plain")
    return [ctx.read_artifact(name).decode() for name in ("theirs.txt", "n/theirs.txt", "own.txt", url)]


@agent("acme.async_reader")
async def async_reader(ctx: AgentContext) -> str:
    return str((await ctx.read_artifact("theirs.txt")).decode())


def test_a_plain_agent_reads_files_of_its_run() -> None:
    ctx = RecordingContext()
    ctx.add_artifact("theirs.txt", "theirs", node="n")

    assert reader(ctx=ctx) == ["theirs", "theirs", "mine", "mine"]


async def test_an_async_agent_reads_files_of_its_run_and_no_others() -> None:
    ctx = RecordingContext()
    await ctx.add_artifact("theirs.txt", b"theirs")

    assert await async_reader(ctx=ctx) == "theirs"
    with pytest.raises(AgentError) as refused:
        await ctx.read_artifact("/runs/r_other/artifacts/n/theirs.txt")
    assert refused.value.code == "artifact_refused"
