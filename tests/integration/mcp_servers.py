"""Real MCP servers for the tests: one from PyPI over stdio, one from npm over streamable HTTP."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.waiting import until

ROOT = Path(__file__).parents[2]
EVERYTHING = "node_modules/@modelcontextprotocol/server-everything/dist/index.js"
LOOPBACK = Path(__file__).parents[1] / "mcp_servers" / "loopback.cjs"


def installed() -> Path:
    """The folder of the servers, which are installed first if need be."""
    script = ROOT / "scripts" / "ensure-mcp-servers"
    return Path(subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def time_server(folder: Path) -> dict[str, Any]:
    """The settings of mcp-server-time, which speaks over its standard input and output."""
    path = str(folder / "python")
    return {"command": sys.executable, "args": ["-m", "mcp_server_time"], "env": {"PYTHONPATH": path}}


@asynccontextmanager
async def everything_server(folder: Path, port: int, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The reference server of MCP's authors at `http://127.0.0.1:<port>/mcp`; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        "node",
        "--require",
        str(LOOPBACK),
        str(folder / EVERYTHING),
        "streamableHttp",
        env={**os.environ, "PORT": str(port), **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await until(lambda: _answers(port), lambda answers: answers)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        async with httpx.AsyncClient() as http:
            await http.get(f"http://127.0.0.1:{port}/mcp")
    except httpx.TransportError:
        return False
    return True
