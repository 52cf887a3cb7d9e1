"""Runs that were recorded earlier can go on with the code as it is now: a change must not break runs under way."""

import gzip
import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from tests.histories.record import FOLDER, RECORDERS
from tests.sandbox import replayer

HISTORIES = sorted(FOLDER.glob("*.json.gz"))


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.name.removesuffix(".json.gz"))
async def test_a_stored_history_is_replayed_with_the_same_decisions(path: Path) -> None:
    recorded = json.loads(gzip.decompress(path.read_bytes()))
    run_id = recorded["events"][0]["workflowExecutionStartedEventAttributes"]["workflowId"]
    history = WorkflowHistory.from_json(run_id, recorded)
    await replayer().replay_workflow(history)


def test_every_run_that_is_to_be_recorded_is_stored() -> None:
    assert {path.name.split(".")[0].removesuffix("-child") for path in HISTORIES} == set(RECORDERS)
