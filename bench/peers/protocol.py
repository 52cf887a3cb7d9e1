"""Defines the messages of a peer's script: one JSON object a line, on standard output and input.

It begins with `{"ready": "<what runs>"}`. A task is `{"layers": [1, 200, 1], "runs": 1}`: so many runs at once of a
graph in layers, each node of which adds one to the value that it is given. The answer is `{"seconds": …}`, from the
start of the first to the result of the last, or `{"error": "…"}`. It ends with its input.

Imported by scripts in foreign environments: the standard library only.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, TextIO


class WrongResult(Exception):
    """The peer did not do the work."""


def own_output() -> TextIO:
    """Return standard output for the protocol alone: from now on, what libraries print goes to standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", buffering=1)


def serve(output: TextIO, ready: str, measure: Callable[[list[int], int], list[int]]) -> None:
    """Carry out tasks until the input ends. `measure(layers, runs)` returns the results of all runs."""
    _say(output, {"ready": ready})
    for line in sys.stdin:
        task = json.loads(line)
        try:
            begun = time.perf_counter()
            results = measure(task["layers"], task["runs"])
            seconds = time.perf_counter() - begun
            _check(task, results)
        except Exception as error:
            _say(output, {"error": f"{type(error).__name__}: {error}"[:500]})
        else:
            _say(output, {"seconds": seconds})


async def serve_async(output: TextIO, ready: str, measure: Callable[[list[int], int], Awaitable[list[int]]]) -> None:
    """Carry out tasks on an event loop until the input ends."""
    _say(output, {"ready": ready})
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = json.loads(line)
        try:
            begun = time.perf_counter()
            results = await measure(task["layers"], task["runs"])
            seconds = time.perf_counter() - begun
            _check(task, results)
        except Exception as error:
            _say(output, {"error": f"{type(error).__name__}: {error}"[:500]})
        else:
            _say(output, {"seconds": seconds})


def _check(task: dict[str, Any], results: list[int]) -> None:
    if list(results) != [len(task["layers"])] * task["runs"]:
        raise WrongResult(f"{task} gave {results}")


def _say(output: TextIO, message: dict[str, Any]) -> None:
    output.write(json.dumps(message) + "\n")
    output.flush()
