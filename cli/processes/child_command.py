"""Runs `wand` commands as child processes of another `wand`."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from wand_orchestrator.cli.processes.watchdog import ended_with_this_process


@asynccontextmanager
async def child_command(arguments: Sequence[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `wand *arguments`; when the block is left, the process is asked to stop and awaited."""
    # In a group of its own: Ctrl-C in a terminal reaches the whole group, and a second signal would be "at once".
    process = await asyncio.create_subprocess_exec(
        sys.executable, sys.argv[0], *arguments, stdin=subprocess.DEVNULL, process_group=0
    )
    try:
        with ended_with_this_process(process.pid):
            yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
