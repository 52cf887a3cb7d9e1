"""docs/operate.md: each command as it stands, by curl and by `temporal`, does to a run what the page says."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.operations import SECTIONS, TRIALS, tried
from tests.integration.service import Service

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [(title, block) for title, text in SECTIONS for block in BLOCK.findall(text)]


def test_every_operation_is_tried() -> None:
    assert {title for title, _ in BLOCKS} == set(TRIALS)


@pytest.mark.parametrize(("title", "block"), BLOCKS, ids=[f"{title}-{block.split()[0]}" for title, block in BLOCKS])
async def test_a_command_of_the_page_does_what_it_says(
    service: Service, tmp_path: Path, title: str, block: str
) -> None:
    async with tried(service, tmp_path, title) as (trial, prepared):
        printed = await _run(service, block, RUN=prepared.run_id, GRAPH=prepared.graph_id)

        await trial.check(service, prepared, printed)


async def _run(service: Service, block: str, **variables: str) -> str:
    """What the commands printed; only the addresses and the task queue are those of the test."""
    script = block.replace("http://127.0.0.1:8000", service.url)
    script = script.replace("--task-queue wand ", f"--task-queue {service.settings.task_queue} ")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", script),
        env=os.environ
        | variables
        | {"PATH": path, "TEMPORAL_ADDRESS": service.client.service_client.config.target_host},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    printed, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode() + printed.decode()
    assert "urn:wand:problem" not in printed.decode(), printed.decode()
    return printed.decode()
