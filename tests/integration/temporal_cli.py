"""The `temporal` command, started as an operator would."""

import asyncio
import json
import subprocess
from typing import Any

from temporalio.client import Client

from wand_orchestrator.cli.processes.dev_server import binary

PATIENCE_SEC = 60.0


class TemporalCli:
    def __init__(self, client: Client) -> None:
        self._address = client.service_client.config.target_host

    async def __call__(self, *args: str) -> str:
        """What it printed; CommandFailed with what it complained of."""
        program = binary()
        assert program is not None
        process = await asyncio.create_subprocess_exec(
            program, *args, "--address", self._address, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            out, complaint = await asyncio.wait_for(process.communicate(), PATIENCE_SEC)
        except TimeoutError:
            process.kill()
            raise CommandFailed(f"`temporal {' '.join(args)}` did not end within {PATIENCE_SEC:g} s") from None
        if process.returncode:
            raise CommandFailed(complaint.decode() + out.decode())
        return out.decode()

    async def signal(self, run_id: str, name: str) -> None:
        await self("workflow", "signal", "--workflow-id", run_id, "--name", name)

    async def update(self, run_id: str, name: str, argument: Any) -> None:
        await self(
            "workflow", "update", "execute", "--workflow-id", run_id, "--name", name, "--input", json.dumps(argument)
        )

    async def listed(self, query: str) -> list[str]:
        """Workflow ids that `temporal workflow list --query` shows."""
        found = json.loads(await self("workflow", "list", "--query", query, "--output", "json"))
        return [item["execution"]["workflowId"] for item in found]


class CommandFailed(Exception):
    """The command ended with another status than 0."""
