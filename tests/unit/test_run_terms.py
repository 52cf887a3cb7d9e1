"""The terms of a run: one record, on the same wire as ever."""

import json

from wand_orchestrator.contract.run import Archive, RunInput, RunOrder
from wand_orchestrator.contract.run_terms import RetryOf, RunTerms
from wand_orchestrator.contract.webhook import Webhook

GRAPH = {"name": "demo", "nodes": [{"id": "a", "type": "agent.fetch"}], "edges": []}
SAID = {
    "input": {"n": 1},
    "tags": ["a", "b"],
    "webhook": {"url": "https://example.com/hook"},
    "retry_of": {"run_id": "r_1", "from": ["a"]},
}
TERMS = RunTerms(
    input={"n": 1},
    tags=("a", "b"),
    webhook=Webhook(url="https://example.com/hook"),
    retry_of=RetryOf(run_id="r_1", from_nodes=("a",)),
)


def test_the_input_of_a_workflow_holds_them_side_by_side_with_its_graph() -> None:
    for read in (RunInput.model_validate({"graph": GRAPH, **SAID}), RunOrder.model_validate({"graph_id": "g", **SAID})):
        assert read.terms == TERMS
        written = json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))
        assert {name: written[name] for name in SAID} == SAID


def test_what_was_not_given_is_not_said() -> None:
    assert RunInput.model_validate({"graph": GRAPH, "tags": ["a"]}).said() == {"tags": ("a",)}
    assert RunTerms().said() == {}


def test_their_input_can_be_left_to_be_stored_elsewhere() -> None:
    assert TERMS.without_input.said() == {name: term for name, term in TERMS.said().items() if name != "input"}


def test_a_child_run_has_an_input_of_its_own_and_the_tags_of_its_parent() -> None:
    assert TERMS.of_part([2]).said() == {"input": [2], "tags": ("a", "b")}


def test_an_archive_of_an_older_history_tells_its_tags() -> None:
    old = {"run_id": "r_1", "graph_id": None, "name": "demo", "tags": ["a"], "events": []}
    assert Archive.model_validate(old).terms_known == RunTerms(tags=("a",))
    assert Archive.model_validate(old | {"terms": SAID}).terms_known == TERMS
