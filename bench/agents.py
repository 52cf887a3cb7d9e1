"""Contains agents for the benchmarks, loaded as a plug-in: `WAND_PLUGINS=bench.agents` with this
checkout on the path.
"""

import asyncio
import time

from pydantic import BaseModel, Field

from wand_orchestrator import AgentContext, agent


class Step(BaseModel):
    value: int = 0


class Pause(BaseModel):
    pause_sec: float = Field(gt=0)


class Work(BaseModel):
    cpu_sec: float = Field(gt=0)


class Size(BaseModel):
    bytes: int = Field(gt=0)


class Blob(BaseModel):
    blob: str = ""


@agent("bench.step")
async def step(input: Step) -> Step:
    """Adds one."""
    return Step(value=input.value + 1)


@agent("bench.short", local=True)
async def short(input: Step) -> Step:
    """Adds one, as a local activity."""
    return Step(value=input.value + 1)


@agent("bench.stamp")
async def stamp(params: Pause) -> dict[str, float]:
    """Waits, and returns the time of its return, in seconds since 1970."""
    await asyncio.sleep(params.pause_sec)
    return {"at": time.time()}


class Telling(BaseModel):
    pieces: int = Field(gt=0)
    pause_sec: float = Field(gt=0)
    emits: bool = True


@agent("bench.tell")
async def tell(params: Telling, ctx: AgentContext) -> int:
    """Emits lines that each hold the time at which it does, as a model emits tokens; or only makes them."""
    characters = 0
    for number in range(params.pieces):
        line = f"{number} {time.time():.6f}\n"
        characters += len(line)
        if params.emits:
            ctx.emit(line)
        await asyncio.sleep(params.pause_sec)
    return characters


@agent("bench.compute")
def compute(params: Work) -> None:
    """Computes in Python until it has used that much processor time; a process runs one such thread at a time."""
    enough = time.thread_time() + params.cpu_sec
    while time.thread_time() < enough:
        sum(range(1000))


@agent("bench.bulk")
async def bulk(params: Size, input: Blob) -> Blob:
    """Returns its input; the first one in a chain creates it."""
    return Blob(blob=input.blob or "x" * params.bytes)


@agent("bench.weigh")
async def weigh(input: Blob) -> Step:
    """Returns the size of its input."""
    return Step(value=len(input.blob))
