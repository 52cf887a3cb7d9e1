"""Every setting stands in docs/settings.md and in .env.example, as the code has it."""

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from wand_orchestrator.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {f"WAND_{name.upper()}": field for name, field in Settings.model_fields.items()}


def default_of(field: FieldInfo) -> str:
    return "" if field.default is None else str(field.default)


def row(name: str, field: FieldInfo) -> str:
    default = default_of(field)
    return f"| `{name}` | {f'`{default}`' if default else ''} | {field.description} |"


@pytest.mark.parametrize(("name", "field"), SETTINGS.items(), ids=SETTINGS)
def test_a_setting_has_its_row_in_the_docs(name: str, field: FieldInfo) -> None:
    assert row(name, field) in (ROOT / "docs" / "settings.md").read_text().splitlines()


@pytest.mark.parametrize(("name", "field"), SETTINGS.items(), ids=SETTINGS)
def test_a_setting_stands_in_the_example_under_its_description(name: str, field: FieldInfo) -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assignment = f"# {name}={default_of(field)}"
    assert assignment in lines
    assert f"# {field.description}" in lines[: lines.index(assignment)]


@pytest.mark.parametrize("document", ["docs/settings.md", ".env.example"])
def test_no_other_setting_is_told_of(document: str) -> None:
    named = set(re.findall(r"\bWAND_[A-Z_]+\b", (ROOT / document).read_text()))
    assert named <= SETTINGS.keys()


def test_the_example_changes_nothing_as_it_stands() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
