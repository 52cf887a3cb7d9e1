"""A misspelt setting is named with the one that was probably meant."""

from pathlib import Path

import pytest

from wand_orchestrator.cli.processes.unknown_settings import unknown_settings


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAND_API_KEY", "WAND_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_named_from_the_environment_and_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("# a comment\nWAND_MAX_NODE=5\nWAND_PORT=8001\nOTHER=1\nexport WAND_SECRETT='s3cret'\n")
    monkeypatch.setenv("WAND_RETENSION_DAYS", "7")
    monkeypatch.setenv("WAND_HOST", "127.0.0.1")

    lines = list(unknown_settings(file))

    assert [line.split(",")[0] for line in lines] == ["WAND_RETENSION_DAYS", "WAND_MAX_NODE", "WAND_SECRETT"]
    assert "did you mean `WAND_RETENTION_DAYS`" in lines[0]
    assert "`WAND_MAX_NODES`" in lines[1]
    assert str(file) in lines[1]
    assert "s3cret" not in "".join(lines)


def test_without_a_file_and_with_settings_alone_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAND_PORT", "1")
    assert list(unknown_settings(tmp_path / ".env")) == []
