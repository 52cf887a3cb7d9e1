"""A file from the API."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

import httpx

from cli.api_client import ApiClient

STDOUT = "-"
SILENCE_SEC = 30.0


async def download(api: ApiClient, path: str, place: str) -> str:
    """Where it lies now: at `place`, or on standard output for `-`. A file is there only when it is whole."""
    async with api.stream(path, {}, SILENCE_SEC) as answer:
        if place == STDOUT:
            await _copy(answer, sys.stdout.buffer)
            return "standard output"
        target = Path(place)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                await _copy(answer, file)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return str(target)


async def _copy(answer: httpx.Response, to: BinaryIO) -> None:
    async for chunk in answer.aiter_bytes():
        to.write(chunk)
    to.flush()
