"""Codes and names that cross a process are written once, in the contract."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from wand_orchestrator.contract import codes, names, search_attributes, spending, steering
from wand_orchestrator.contract.ids import child_run_id, is_child_run_id
from wand_orchestrator.contract.names import is_own_activity, own_activity_id

ROOT = Path(__file__).parents[2]
ROOMS = ("wand_orchestrator", "workflows", "activities", "testing", "api", "cli")
CONTRACT = ROOT / "wand_orchestrator" / "contract"

CROSSING = {
    value
    for name, value in vars(codes).items()
    if name.isupper() and name != "TIMED_OUT"  # a word of other interfaces, too
} | {
    value
    for module in (names, search_attributes)
    for name, value in vars(module).items()
    if name[0].isupper()
    and name.isupper()
    and isinstance(value, str)
    and name != "DEFAULT_TASK_QUEUE"  # it is also the command's name
}
SIGNALS = {
    value for name, value in (vars(steering) | vars(spending)).items() if name.startswith("SIGNAL_") and "_" in value
}
"""Those that are no words of English."""

OWN_ACTIVITY = re.compile(r"\$(archive|done|hold|open|outputs|task)\b")


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the value of every text, docstrings and the fixed parts of f-strings included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def second_literals() -> list[str]:
    found = []
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        if CONTRACT in path.parents:
            continue
        for line, text in texts(ast.parse(path.read_text())):
            if text in CROSSING | SIGNALS or OWN_ACTIVITY.match(text):
                found.append(f"{path.relative_to(ROOT)}:{line}: {text!r}")
    return found


def test_no_code_and_no_name_that_crosses_a_process_is_written_a_second_time() -> None:
    assert {"worker_shutdown", "wrong_state", "unknown_node", "answer_invalid", "run_timeout", "wand.hold"} <= CROSSING
    assert second_literals() == []


def test_an_activity_of_the_run_itself_is_told_from_those_of_nodes() -> None:
    assert is_own_activity(own_activity_id("archive-1"))
    assert is_own_activity(names.OUTPUTS_ACTIVITY_ID)
    assert not is_own_activity("archive-1")


def test_the_id_of_a_child_run_tells_the_run_that_it_is_a_part_of() -> None:
    child = child_run_id("r_1", "n", 1)
    assert is_child_run_id(child, "r_1")
    assert is_child_run_id(child_run_id(child, "m", 2), "r_1")
    assert not is_child_run_id("r_12", "r_1")


def test_a_constant_that_counts_seconds_has_one_value_over_the_house() -> None:
    """Two values under one name are two things."""
    values: dict[str, dict[str, str]] = {}
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.parse(path.read_text()).body:
            name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""
            if isinstance(node, ast.Assign) and name.isupper() and name[0] != "_" and name.endswith("_SEC"):
                values.setdefault(name, {})[ast.unparse(node.value)] = str(path.relative_to(ROOT))
    assert len(values) > 50
    assert {name: places for name, places in values.items() if len(places) > 1} == {}
