"""Agents for tests that emit text, loaded as a plug-in: `WAND_PLUGINS=emitting_agents` with this folder on the path."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from wand_orchestrator import AgentContext, AgentError, agent


class Emit(BaseModel):
    """`gate`: a folder. Before piece i, if `waits` holds it, attempt n of the agent waits for a file `n.i` there."""

    pieces: list[str] = Field(default_factory=list)
    times: int = 1
    pause_sec: float = 0
    waits: list[int] = []
    gate: str | None = None
    fails: int = Field(default=0, description="Attempts that fail at the end of their text.")
    dies: str | None = Field(default=None, description="A file: without it, the agent makes it and ends its process.")
    returns: bool = Field(default=True, description="Its output is `{text}`; else nothing of the text.")

    def held(self, attempt: int, index: int) -> bool:
        return self.gate is not None and index in self.waits and not (Path(self.gate) / f"{attempt}.{index}").exists()


def _end(params: Emit, ctx: AgentContext, text: str) -> dict[str, Any]:
    if params.dies is not None and not Path(params.dies).exists():
        Path(params.dies).touch()
        time.sleep(0.1)  # what it emitted is on its way
        os._exit(1)
    if ctx.attempt <= params.fails:
        raise AgentError("it breaks off", code="broken", retry_after=0.01)
    return {"text": text} if params.returns else {"characters": len(text)}


@agent("emit.async")
async def emit(params: Emit, ctx: AgentContext) -> dict[str, Any]:
    """Emits its pieces, each with the attempt before it."""
    text = ""
    for index, piece in enumerate(params.pieces * params.times):
        while params.held(ctx.attempt, index):
            await asyncio.sleep(0.005)
        text += f"{ctx.attempt}{piece}"
        ctx.emit(f"{ctx.attempt}{piece}")
        await asyncio.sleep(params.pause_sec)
    return _end(params, ctx, text)


@agent("emit.plain")
def emit_plain(params: Emit, ctx: AgentContext) -> dict[str, Any]:
    """Does the same in a thread."""
    text = ""
    for index, piece in enumerate(params.pieces * params.times):
        while params.held(ctx.attempt, index):
            time.sleep(0.005)
        text += f"{ctx.attempt}{piece}"
        ctx.emit(f"{ctx.attempt}{piece}")
        time.sleep(params.pause_sec)
    return _end(params, ctx, text)


@agent("emit.local", local=True)
async def emit_local(params: Emit, ctx: AgentContext) -> dict[str, Any]:
    """Does the same as a local activity."""
    return await emit.function(params, ctx)  # type: ignore[no-any-return]
