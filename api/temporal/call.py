"""Bounds a call to Temporal in time, and translates its errors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from temporalio.service import RPCError

from wand_orchestrator.errors import Unavailable, WandError


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Apply a deadline: the SDK's covers neither its retries nor a lazy client's first connection."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Unavailable("temporal", f"Temporal does not answer: nothing within {seconds:.1f} s") from error


@asynccontextmanager
async def translated(meaning: Callable[[RPCError], WandError]) -> AsyncIterator[None]:
    """Translate errors of Temporal while the block runs. `meaning`: of Temporal's answers."""
    try:
        yield
    except RPCError as error:
        raise meaning(error) from error
    except RuntimeError as error:  # how a lazy client says that it cannot connect
        raise Unavailable("temporal", f"Temporal does not answer: {first_line(str(error))}") from error


def first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300] if text.strip() else "no reason given"
