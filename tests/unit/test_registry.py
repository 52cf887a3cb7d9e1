import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from wand_orchestrator import PluginError, agent, tool
from wand_orchestrator.plugins import ENTRY_POINT_GROUP, Registry
from wand_orchestrator.settings import Settings

GOOD = """
from wand_orchestrator import agent, tool

@tool("acme.tool")
def acme_tool() -> None: ...

@agent("acme.agent", tools=["acme.tool"])
def acme_agent() -> None: ...
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of plug-in modules that Python finds; what was imported from it is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("wand_orchestrator.plugins.entry_points", lambda group: [])
    yield tmp_path
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def load(plugins: str) -> Registry:
    return Registry.load(Settings(plugins=plugins, _env_file=None))


def test_modules_named_in_the_settings_are_loaded(plugins: Path) -> None:
    (plugins / "acme_good.py").write_text(GOOD)
    registry = load("acme_good")
    assert list(registry.agents) == ["acme.agent"]
    assert list(registry.tools) == ["acme.tool"]


def test_modules_of_installed_distributions_are_loaded(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plugins / "acme_installed.py").write_text(GOOD)
    folder = plugins / "acme-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    (folder / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\nzz = acme_installed\n")
    from importlib.metadata import distributions

    def only_ours(group: str) -> list[object]:
        ours = distributions(path=[str(plugins)])
        return [point for distribution in ours for point in distribution.entry_points.select(group=group)]

    monkeypatch.setattr("wand_orchestrator.plugins.entry_points", only_ours)
    assert list(load("").agents) == ["acme.agent"]


def test_one_agent_seen_through_two_modules_is_one(plugins: Path) -> None:
    (plugins / "acme_good.py").write_text(GOOD)
    (plugins / "acme_again.py").write_text("from acme_good import acme_agent, acme_tool\n")
    assert list(load("acme_good, acme_again").agents) == ["acme.agent"]


def test_two_agents_of_one_name_are_refused_and_both_modules_named(plugins: Path) -> None:
    (plugins / "acme_one.py").write_text(GOOD)
    (plugins / "acme_two.py").write_text(GOOD)
    with pytest.raises(PluginError) as caught:
        load("acme_one,acme_two")
    assert "'acme.agent'" in caught.value.message
    assert "in acme_one" in caught.value.message
    assert "in acme_two" in caught.value.message


def test_two_tools_of_one_name_are_refused() -> None:
    @tool("same")
    def one() -> None: ...

    @tool("same")
    def two() -> None: ...

    with pytest.raises(PluginError, match="two tools are named 'same'"):
        Registry.of(one, two)


def test_what_a_module_prints_is_no_part_of_a_document(plugins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plugins / "acme_chatty.py").write_text("print('hello')")
    load("acme_chatty")
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def (", "SyntaxError"),
        ("import sys; sys.exit(3)", "it calls sys.exit(3)"),
        ("import asyncio; raise asyncio.CancelledError('x')", "CancelledError: x"),
    ],
)
def test_a_module_that_does_not_import_is_named_with_the_cause(plugins: Path, source: str, cause: str) -> None:
    (plugins / "acme_broken.py").write_text(source)
    with pytest.raises(PluginError) as caught:
        load("acme_broken")
    assert "acme_broken (WAND_PLUGINS) does not import" in caught.value.message
    assert cause in caught.value.message


def test_a_module_that_does_not_exist_is_named(plugins: Path) -> None:
    with pytest.raises(PluginError, match=r"acme_absent .*No module named 'acme_absent'"):
        load("acme_absent")


def test_a_signature_that_does_not_fit_names_module_and_function(plugins: Path) -> None:
    (plugins / "acme_misfit.py").write_text(
        "from wand_orchestrator import agent\n\n@agent('acme.misfit')\ndef misfit(parameters): ...\n"
    )
    with pytest.raises(PluginError, match=r"acme_misfit \(WAND_PLUGINS\) cannot be used: acme_misfit\.misfit"):
        load("acme_misfit")


def test_an_agent_that_asks_for_an_unknown_tool_is_named_with_a_near_one() -> None:
    @tool("http.fetch")
    def fetch() -> None: ...

    @agent("acme.count", tools=["http.fetsh"])
    def count() -> None: ...

    with pytest.raises(PluginError) as caught:
        Registry.of(fetch, count)
    assert "'acme.count'" in caught.value.message
    assert "'http.fetsh'" in caught.value.message
    assert "did you mean 'http.fetch'?" in caught.value.message


def test_a_plugin_without_agents_or_tools_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        registry = Registry.of(ModuleType("acme_empty"))
    assert not registry.agents
    assert "acme_empty" in caplog.text


def test_the_mappings_cannot_be_changed() -> None:
    registry = Registry.of()
    with pytest.raises(TypeError):
        registry.agents["x"] = None  # type: ignore[index]
