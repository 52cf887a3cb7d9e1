"""Changes of the workflow's code: each is in a generation, and nothing asks for one on a way of its own."""

import ast
from pathlib import Path

from wand_orchestrator.workflows.patches import GENERATIONS

WORKFLOWS = Path(__file__).parents[2] / "workflows"


def trees() -> dict[str, ast.Module]:
    return {str(path.relative_to(WORKFLOWS)): ast.parse(path.read_text()) for path in WORKFLOWS.rglob("*.py")}


def test_only_the_module_of_patches_asks_the_sdk_for_one() -> None:
    asking = {
        name
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "patched" and ast.unparse(node.value) == "workflow"
    }
    assert asking == {"patches.py"}


def test_every_change_is_in_one_generation_and_is_asked_for() -> None:
    named: list[str] = [
        str(node.value.value)
        for tree in trees().values()
        for node in tree.body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]).startswith("PATCH")
        and isinstance(node.value, ast.Constant)
    ]
    listed = [change for changes in GENERATIONS.values() for change in changes]
    assert sorted(named) == sorted(listed)
