"""docs/your-own-project.md: its files, put into a project as the page says, fit one another."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "your-own-project.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if word in text]
    return str(found)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "shop_agents/__init__.py": "",
        "shop_agents/orders.py": block("python", "@agent"),
        "graphs/refund.json": block("json", '"refund"'),
        "tests/test_orders.py": block("python", "RecordingContext"),
        ".env": block("sh", "WAND_PLUGINS"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join((str(project), str(ROOT)))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WAND_")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )


def test_its_tests_pass(project: Path) -> None:
    ended = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout


def test_its_graph_fits_its_agent(project: Path) -> None:
    ended = run(
        project, "-c", "from wand_orchestrator.__main__ import main; main()", "graphs", "validate", "graphs/refund.json"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "a graph of 1 node without a fault" in ended.stdout
