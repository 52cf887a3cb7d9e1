"""Agents that harm the process they run in: `WAND_PLUGINS=hostile_agents` with this folder on the path."""

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from wand_orchestrator import AgentContext, agent


@agent("hostile.block")
async def block(params: dict[str, Any]) -> str:
    """Blocks the event loop."""
    time.sleep(params["sec"])  # noqa: ASYNC251 - that is what is wrong with it
    return "unblocked"


@agent("hostile.hold_the_lock")
def hold_the_lock() -> None:
    """Spins in C code that holds Python's lock."""
    re.match(r"(a+)+$", "a" * 60 + "!")


@agent("hostile.exit")
async def leave(params: dict[str, Any]) -> None:
    """Ends its process, once the file `when` exists."""
    while "when" in params and not Path(params["when"]).exists():
        await asyncio.sleep(0.005)
    os._exit(params.get("status", 7))


@agent("hostile.kill")
def kill() -> None:
    """Ends its process by a signal."""
    os.kill(os.getpid(), 11)


@agent("hostile.eat")
def eat() -> None:
    """Takes all memory there is."""
    eaten = []
    while True:
        eaten.append(bytearray(16 * 1024**2))
        time.sleep(0.005)


@agent("hostile.ask_for_too_much")
def ask_for_too_much() -> int:
    """Asks at once for more than any machine has."""
    return len(bytearray(2**60))


ENDINGS: dict[str, type[BaseException]] = {
    error.__name__: error for error in (KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration)
}


@agent("hostile.raise")
async def raise_it(params: dict[str, Any]) -> None:
    """Raises what ends interpreters and loops, on the loop."""
    raise ENDINGS[params["error"]]


@agent("hostile.raise_plain")
def raise_it_plain(params: dict[str, Any]) -> None:
    """The same in a thread."""
    raise ENDINGS[params["error"]]


@agent("hostile.raise_in_task")
async def raise_in_task(params: dict[str, Any]) -> None:
    """The same in a task of its own."""
    await asyncio.create_task(raise_it.function(params))


@agent("hostile.close")
async def close() -> None:
    """Closes all files of its process."""
    os.closerange(0, 256)
    await asyncio.sleep(60)


@agent("hostile.print")
async def print_much() -> str:
    """Prints megabytes, and closes its standard output."""
    sys.stdout.write("x" * 4 * 1024**2)
    sys.stdout.close()
    return "printed"


@agent("hostile.log")
def log_much(params: dict[str, Any], ctx: AgentContext) -> None:
    """Logs in a loop."""
    for number in range(params["lines"]):
        ctx.log("line", number=number)
        ctx.progress(100 * number / params["lines"])
    ctx.progress(100)


@agent("hostile.ignore_cancel")
def ignore_cancel(params: dict[str, Any]) -> None:
    """Never looks whether it is cancelled, nor ends."""
    Path(params["started"]).touch()
    while True:
        time.sleep(0.01)


@agent("hostile.wait")
async def wait(params: dict[str, Any], ctx: AgentContext) -> int:
    """Says in which process it waits for the file `open`, and gives its attempt."""
    (Path(params["folder"]) / f"{ctx.node_id}-{os.getpid()}").touch()
    while not Path(params["open"]).exists():
        await asyncio.sleep(0.005)
    return ctx.attempt


@agent("hostile.environment")
async def environment(ctx: AgentContext) -> dict[str, Any]:
    """What of the environment and the settings an agent can see."""
    return {"environment": dict(os.environ), "settings": ctx.settings.model_dump(mode="json")}
