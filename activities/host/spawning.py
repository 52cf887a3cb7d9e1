"""Starts a host process, and holds the worker's ends of its channels."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack

from wand_orchestrator.activities.host.frames import FrameReader
from wand_orchestrator.activities.host.order import environment_for_agents

_BEGIN = (
    "import gc, sys, json; gc.disable(); sys.path[:] = json.loads(sys.argv[1]); from {child} import main; "
    "main(sys.argv[3:])"
)
"""Told where to import from, a host finds what its worker finds, and nothing else that lies in the current folder.
It looks for garbage only once all is imported: `confines.keep_what_was_imported`."""

_NAME = "wand-agent-host"


class Channels:
    """This process's ends of the two sockets, and of the pipe whose closing ends the host."""

    def __init__(self, commands: socket.socket, reports: socket.socket, lifeline: int) -> None:
        self._commands, self._reports = commands, reports
        self._held = ExitStack()
        self._held.callback(os.close, lifeline)
        self._held.callback(commands.close)
        self._held.callback(reports.close)
        self._writer: asyncio.WriteTransport | None = None

    async def open(self, reader: FrameReader) -> None:
        loop = asyncio.get_running_loop()
        self._writer, _ = await loop.create_connection(asyncio.Protocol, sock=self._commands)
        self._held.callback(self._writer.abort)
        reports, _ = await loop.create_connection(lambda: reader, sock=self._reports)
        self._held.callback(reports.close)

    def write(self, data: bytes) -> None:
        """Write without waiting; what the host does not read yet is kept."""
        assert self._writer is not None
        self._writer.write(data)

    def close(self) -> None:
        """Close the channels; may be called repeatedly."""
        self._held.close()


async def spawn(environment: dict[str, str]) -> tuple[asyncio.subprocess.Process, Channels]:
    commands, its_commands = socket.socketpair()
    reports, its_reports = socket.socketpair()
    its_lifeline, lifeline = os.pipe()
    theirs = (its_commands.fileno(), its_reports.fileno(), its_lifeline)
    child = f"{__package__}.child"
    arguments = (json.dumps(sys.path), _NAME, *map(str, theirs))
    channels = Channels(commands, reports, lifeline)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-c",
            _BEGIN.format(child=child),
            *arguments,
            stdin=subprocess.DEVNULL,
            pass_fds=theirs,
            process_group=0,  # Ctrl-C in a terminal reaches the worker's group, and gives agents their grace
            env=environment_for_agents(environment),
        )
    except BaseException:
        channels.close()
        raise
    finally:
        its_commands.close()
        its_reports.close()
        os.close(its_lifeline)
    return process, channels
