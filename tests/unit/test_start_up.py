"""Each kind of process imports what it needs and no more: that decides how soon it starts, and what memory it takes."""

import subprocess
import sys

import pytest

PROCESSES = {
    "an agent host": (
        "wand_orchestrator.activities.host.child, wand_orchestrator.activities.builtin",
        ("temporalio", "sqlalchemy", "fastapi", "wand_orchestrator.validation"),
    ),
    "a worker": ("wand_orchestrator.cli.processes.core_worker", ("fastapi", "uvicorn", "wand_orchestrator.api")),
    "`wand agents`": (
        "wand_orchestrator.api.catalog, wand_orchestrator.activities.builtin",
        ("temporalio", "sqlalchemy", "fastapi"),
    ),
}


@pytest.mark.parametrize(("imports", "not_needed"), PROCESSES.values(), ids=PROCESSES)
def test_a_process_loads_nothing_that_only_others_need(imports: str, not_needed: tuple[str, ...]) -> None:
    code = f"import sys, {imports}; print([name for name in {not_needed} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
