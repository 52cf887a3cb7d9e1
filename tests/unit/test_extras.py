"""What agents need that is an extra of the distribution."""

import importlib.util
import json
import re
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wand_orchestrator.activities import builtin, extras
from wand_orchestrator.cli.main import app
from wand_orchestrator.plugins import Registry

ACTIVITIES = Path(extras.__file__).parent


def test_the_libraries_of_every_extra_that_is_imported_late_are_known() -> None:
    named = {
        name
        for file in ACTIVITIES.rglob("*.py")
        for name in re.findall(r'with needs_extra\("(.+?)"\)', file.read_text(encoding="utf-8"))
    }
    assert named <= extras.LIBRARIES.keys()
    assert set(extras.NEEDED_BY.values()) <= named
    registry = Registry.of(builtin)
    assert extras.NEEDED_BY.keys() <= registry.agents.keys() | registry.tools.keys()


def test_agents_that_cannot_run_here_are_listed_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without_altair(name: str, *rest: Any) -> ModuleSpec | None:
        return None if name == "altair" else found(name, *rest)

    monkeypatch.setattr(extras, "find_spec", without_altair)
    listed = json.loads(CliRunner().invoke(app, ["agents", "--json"]).stdout)
    hints = {item["name"]: item["description"].partition("]")[0] for item in listed["agents"] + listed["tools"]}
    missing = {name for name, hint in hints.items() if hint.startswith("[pip install 'wand-orchestrator[chart")}
    assert missing == {"agent.chart", "chart.render"}
