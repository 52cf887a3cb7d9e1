"""What is heavy is told at a bounded cost."""

from typing import Any

import pytest

from wand_orchestrator.storage.engine.weight import HEAVY, is_heavy


@pytest.mark.parametrize("value", ["x" * HEAVY, [0] * HEAVY, {str(n): n for n in range(HEAVY)}, [["x" * 60_000] * 2]])
def test_large_values_are_heavy(value: Any) -> None:
    assert is_heavy(value)


@pytest.mark.parametrize("value", [None, 1, "x" * 90_000, {"a": [1, 2, {"b": "c"}]}])
def test_small_values_are_not(value: Any) -> None:
    assert not is_heavy(value)
