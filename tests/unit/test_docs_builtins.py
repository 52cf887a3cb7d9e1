"""docs/builtins.md tells of every agent, tool and control node that Wand brings, as the schemas have them."""

from scripts import builtins
from wand_orchestrator.activities import builtin
from wand_orchestrator.graphs.control_nodes import CONTROL_NODES
from wand_orchestrator.plugins import Registry


def test_the_page_is_current() -> None:
    assert builtins.PAGE.read_text() == builtins.page(), "run `make builtins`"


def test_everything_has_its_section() -> None:
    registry = Registry.of(builtin)
    page = builtins.PAGE.read_text()

    for name in (*registry.agents, *registry.tools, *CONTROL_NODES):
        assert f"\n### `{name}`\n" in page, name


def test_defaults_limits_and_errors_are_told() -> None:
    page = builtins.PAGE.read_text()

    assert "| `concurrency` | whole number (1 to 1,000) | `10` |" in page
    assert "| `spec.width` | whole number (20 to 4,000) | `640` |" in page
    assert page.count("| `http_status` |") == 2
    assert "| `too_many_failed` |" in page
