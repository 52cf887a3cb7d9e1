"""Agents for tests, loaded as a plug-in: `WAND_PLUGINS=sample_agents` with this folder on the path.

What an agent did is told by files, so that tests in another process can count it, too: see `Diary`.
"""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from wand_orchestrator import AgentContext, AgentError, agent, tool
from wand_orchestrator.contract.events import Level

_counter = itertools.count()


class Diary:
    """A folder with a file for each start, end and cancel of a node: `<order>-<pid>-<what>-<node>-<attempt>`."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def note(self, what: str, node: str, attempt: int) -> None:
        name = f"{time.time_ns():020d}.{next(_counter):06d}-{os.getpid()}-{what}-{node}-{attempt}"
        (self._folder / name).touch()

    def entries(self) -> list[tuple[str, str, int]]:
        """(what, node, attempt) in the order of time."""
        parts = [path.name.split("-", 2)[2] for path in sorted(self._folder.iterdir()) if path.name[:1].isdigit()]
        return [(what, node, int(attempt)) for what, node, attempt in map(_split, parts)]

    def count(self, what: str, node: str | None = None) -> int:
        return sum(entry[0] == what and node in (None, entry[1]) for entry in self.entries())

    def most_at_once(self) -> int:
        """The largest number of nodes that ran at the same time."""
        steps = [1 if what == "start" else -1 for what, _, _ in self.entries() if what in ("start", "end", "cancel")]
        return max(itertools.accumulate(steps), default=0)


def _split(rest: str) -> tuple[str, str, str]:
    what, _, tail = rest.partition("-")
    node, _, attempt = tail.rpartition("-")
    return what, node, attempt


@contextmanager
def noted(folder: str | None, ctx: AgentContext) -> Iterator[None]:
    """Notes the start and, as it ends, whether it was cancelled."""
    if folder is None:
        yield
        return
    diary = Diary(folder)
    diary.note("start", ctx.node_id, ctx.attempt)
    try:
        yield
    except asyncio.CancelledError:
        diary.note("cancel", ctx.node_id, ctx.attempt)
        raise
    except BaseException:
        diary.note("end", ctx.node_id, ctx.attempt)
        raise
    diary.note("end", ctx.node_id, ctx.attempt)


class Recorded(BaseModel):
    """`folder`: where starts, ends and cancels are noted; nowhere if null."""

    folder: str | None = None


@tool("test.double")
async def double(number: int) -> int:
    """Twice the number."""
    return number * 2


@tool("test.double_plain")
def double_plain(number: int, ctx: AgentContext) -> int:
    """Twice the number, in a thread; logs that it does."""
    ctx.log("doubling", number=number)
    return number * 2


@agent("test.echo")
async def echo(params: dict[str, Any], input: dict[str, Any]) -> dict[str, Any]:
    """Gives back what it was given."""
    return {"params": params, "input": input}


class NarrowInput(BaseModel, extra="forbid"):
    x: int


@agent("test.narrow")
async def narrow(input: NarrowInput) -> dict[str, Any]:
    """Gives back its input, and takes no further keys."""
    return {"params": {}, "input": input.model_dump()}


class EmitParams(Recorded):
    value: Any = None


@agent("test.emit")
async def emit(params: EmitParams, input: dict[str, Any], ctx: AgentContext) -> Any:
    """Its output is `params.value`."""
    with noted(params.folder, ctx):
        return params.value


class SleepParams(Recorded):
    sec: float = Field(ge=0)
    cleanup_sec: float = Field(default=0, description="Time it takes to end when it is cancelled.")


@agent("test.sleep")
async def sleep(params: SleepParams, input: dict[str, Any], ctx: AgentContext) -> dict[str, Any]:
    """Sleeps; when cancelled it takes `cleanup_sec` to end."""
    with noted(params.folder, ctx):
        try:
            await asyncio.sleep(params.sec)
        except asyncio.CancelledError:
            await asyncio.sleep(params.cleanup_sec)
            raise
    return {"slept": params.sec}


class SlowSyncParams(Recorded):
    sec: float
    step_sec: float = 0.01
    look: Literal["cancelled", "log", "never"] = Field(default="log", description="How it learns of a cancel.")


@agent("test.slow_sync")
def slow_sync(params: SlowSyncParams, input: dict[str, Any], ctx: AgentContext) -> dict[str, Any]:
    """Works in a thread for `sec`, in steps."""
    with noted(params.folder, ctx):
        until = time.monotonic() + params.sec
        while time.monotonic() < until:
            time.sleep(params.step_sec)
            if params.look == "log":
                ctx.progress(0)
            elif params.look == "cancelled" and ctx.cancelled:
                raise asyncio.CancelledError
    return {"slept": params.sec}


class FailParams(Recorded):
    message: str = "it failed as asked"
    code: str = "asked_to_fail"
    retryable: bool = False
    retry_after: float | None = None
    details: Any = None


@agent("test.fail")
async def fail(params: FailParams, input: dict[str, Any], ctx: AgentContext) -> None:
    """Fails with `code`."""
    with noted(params.folder, ctx):
        raise AgentError(
            params.message,
            code=params.code,
            retryable=params.retryable,
            retry_after=params.retry_after,
            details=params.details,
        )


class RefusedParams(BaseModel):
    secret: list[str] = Field(description="Its parts, so that the whole stands in nothing that the test hands over.")


@agent("test.refused")
def refused(params: RefusedParams) -> None:
    """Fails as a library does that quotes what it was configured with."""
    raise ConnectionError(f"cannot log in: user=ada password={''.join(params.secret)} port=5432")


class FlakyParams(Recorded):
    succeeds_at: int = Field(ge=1, description="The first attempt that succeeds.")
    retry_after: float | None = None


@agent("test.flaky")
async def flaky(params: FlakyParams, input: dict[str, Any], ctx: AgentContext) -> dict[str, Any]:
    """Fails until attempt `succeeds_at`."""
    with noted(params.folder, ctx):
        if ctx.attempt < params.succeeds_at:
            raise AgentError(f"attempt {ctx.attempt} fails", code="flaky", retry_after=params.retry_after)
    return {"attempt": ctx.attempt, "key": ctx.idempotency_key}


class GateParams(Recorded):
    open: str = Field(description="File whose existence lets the agent go on.")
    value: Any = None


@agent("test.gate")
async def gate(params: GateParams, input: dict[str, Any], ctx: AgentContext) -> Any:
    """Waits until the file `open` exists."""
    with noted(params.folder, ctx):
        while not Path(params.open).exists():
            await asyncio.sleep(0.005)
    return params.value


@agent("test.gated")
async def gated(params: GateParams, input: dict[str, Any]) -> dict[str, Any]:
    """Its output is its input; fails unless the file `open` exists."""
    if not Path(params.open).exists():
        raise AgentError("the gate is closed", code="closed", retryable=False)
    return input


class LogParams(Recorded):
    lines: list[str] = []
    data: dict[str, Any] = Field(default={}, description="Logged with each line.")
    times: int = Field(default=1, description="How often it logs all the lines.")
    level: Level = "info"
    percents: list[float] = []
    hold: str | None = Field(default=None, description="File whose existence lets the agent end.")


@agent("test.log", tools=["test.double", "test.double_plain"])
async def log(params: LogParams, input: dict[str, Any], ctx: AgentContext) -> dict[str, Any]:
    """Logs and reports progress."""
    with noted(params.folder, ctx):
        for line in params.lines * params.times:
            ctx.log(line, level=params.level, **{"length": len(line)} | params.data)
        for percent in params.percents:
            await ctx.progress(percent)
        while params.hold is not None and not Path(params.hold).exists():
            await asyncio.sleep(0.005)
    return {"lines": len(params.lines)}


@agent("test.tools", tools=["test.double", "test.double_plain"])
async def tools(params: dict[str, Any], ctx: AgentContext) -> list[int]:
    """Calls its tools from the loop."""
    return [await ctx.tools[name](**params) for name in ctx.tools]


@agent("test.tools_sync", tools=["test.double", "test.double_plain"])
def tools_sync(params: dict[str, Any], ctx: AgentContext) -> list[int]:
    """Calls its tools from a thread."""
    return [ctx.tools[name](**params) for name in ctx.tools]


class StrictInput(BaseModel):
    number: int
    text: str = ""


class StrictOutput(BaseModel):
    number: int


@agent("test.typed")
async def typed(params: Recorded, input: StrictInput) -> StrictOutput:
    """Takes a number, gives a number."""
    return StrictOutput(number=input.number)


class GrowParams(BaseModel):
    bytes: int


@agent("test.grow")
async def grow(params: GrowParams, input: dict[str, Any]) -> str:
    """A text of so many bytes."""
    return "x" * params.bytes


@agent("test.pass")
async def pass_on(input: dict[str, Any]) -> Any:
    """Its output is its input `value`."""
    return input["value"]


@agent("test.keep")
async def keep(input: dict[str, Any], ctx: AgentContext) -> dict[str, str]:
    """Keeps a file of the same name in every node, with the node's id in it."""
    return {"url": await ctx.save_artifact("report.txt", ctx.node_id, "text/plain")}


@tool("test.read")
async def read_text(reference: str, ctx: AgentContext) -> str:
    """The text of a file that a run has kept."""
    return str((await ctx.read_artifact(reference)).decode())


@agent("test.read", tools=["test.read"])
async def read(input: dict[str, Any], ctx: AgentContext) -> list[str]:
    """The text of the file `reference`, read by itself and by a tool."""
    own = await ctx.read_artifact(input["reference"])
    return [own.decode(), await ctx.tools["test.read"](reference=input["reference"])]


@agent("test.read_sync")
def read_sync(input: dict[str, Any], ctx: AgentContext) -> str:
    """The text of the file `reference`, read in a thread."""
    return str(ctx.read_artifact(input["reference"]).decode())
