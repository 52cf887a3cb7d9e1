"""The input of a run, read whole or in slices."""

import itertools
import json
from typing import Any

import pytest

from wand_orchestrator.contract import run_input
from wand_orchestrator.contract.run import RunInput
from wand_orchestrator.contract.run_input import LARGE_BYTES, read_ahead, read_order

PLAIN = {"id": "n", "type": "test.emit"}
FULL = PLAIN | {
    "params": {"value": [1, 2.5, None, {"a": True}], "more": {"$input": "a"}},
    "timeout_sec": 3,
    "retries": 2,
    "retry": {"initial_interval_sec": 0.5, "non_retryable": ["a"]},
    "optional": True,
    "join": "any",
    "queue": "q",
    "heartbeat_sec": 5,
    "execution": "local",
}


def document(nodes: int, **rest: Any) -> dict[str, Any]:
    names = [f"node_{index}" for index in range(nodes)]
    conditional = {"map": {"value": "@"}, "when": "a > `1`"}
    pairs = enumerate(itertools.pairwise(names))
    edges = [{"from": above, "to": below} | (conditional if index % 2 else {}) for index, (above, below) in pairs]
    made = [(FULL if index % 3 else PLAIN) | {"id": name} for index, name in enumerate(names)]
    graph = {"name": "large", "nodes": made, "edges": edges, "options": {"concurrency": 3}, "sinks": names[-2:]}
    return {"graph": graph, "input": {"a": [1]}, "tags": ["x"], "version": 3, **rest}


def text(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def counting(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is read whole from now on."""
    whole: list[bytes] = []
    read = RunInput.model_validate_json

    def noted(data: bytes) -> RunInput:
        whole.append(data)
        return read(data)

    monkeypatch.setattr(RunInput, "model_validate_json", noted)
    return whole


@pytest.mark.parametrize("nodes", [999, 1000, 1001, 2500])
def test_what_is_read_in_slices_is_what_is_read_whole(nodes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    child = document(nodes + 3)["graph"]
    data = text(document(nodes, subgraphs={"child": child, "bare": {"name": "b", "nodes": [PLAIN]}}))
    expected = RunInput.model_validate_json(data)
    whole = counting(monkeypatch)
    read_ahead(data)
    found = read_order(data)
    assert isinstance(found, RunInput)
    assert (found, whole) == (expected, [])
    assert found.model_dump_json(exclude_unset=True) == expected.model_dump_json(exclude_unset=True)


def test_what_is_wrong_in_any_slice_is_told_by_who_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = document(2500)
    wrong["graph"]["nodes"][2100]["retries"] = -1
    whole = counting(monkeypatch)
    read_ahead(text(wrong))
    with pytest.raises(ValueError, match=r"graph\.nodes\.2100\.retries"):
        read_order(text(wrong))
    assert whole == [text(wrong)]


@pytest.mark.parametrize(
    "data",
    [
        b'{"graph":' + b" " * LARGE_BYTES,
        b'{"graph":[' + b"1," * LARGE_BYTES + b"1]}",
        b'{"graph":{}' + b" " * LARGE_BYTES,
    ],
)
def test_what_is_no_run_is_left_to_who_needs_it(data: bytes) -> None:
    read_ahead(data)
    with pytest.raises(ValueError, match=r"\w"):
        read_order(data)


def test_only_some_are_kept_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text(document(1000, version=version)) for version in range(run_input.READ_AHEAD + 1)]
    for data in texts:
        read_ahead(data)
    whole = counting(monkeypatch)
    for data in texts:
        read_order(data)
    assert whole == texts[:1]
