"""Downloads files from the API."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

import httpx

from wand_orchestrator.cli.client.api_client import ApiClient

STDOUT = "-"


async def download(api: ApiClient, path: str, place: str) -> None:
    """Download to the file `place`, which appears only when it is complete, or to standard output for `-`."""
    async with api.stream(path) as answer:
        if place == STDOUT:
            await _copy(answer, sys.stdout.buffer)
            return
        target = Path(place)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                await _copy(answer, file)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


async def _copy(answer: httpx.Response, to: BinaryIO) -> None:
    async for chunk in answer.aiter_bytes():
        to.write(chunk)
    to.flush()
