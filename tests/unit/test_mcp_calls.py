"""What the hints of an MCP tool make of the retries of a node that says nothing of them."""

import pytest

from wand_orchestrator.contract.mcp import McpName, McpTool, mcp_name
from wand_orchestrator.graph import Node, Options, Retry, RetryRule
from wand_orchestrator.workflows.nodes.activity_options import activity_options
from wand_orchestrator.workflows.nodes.mcp_calls import MAY_BE_DONE, called_once

NODE = Node(id="n", type="mcp.s.t")


def tool(read_only: bool | None = None, destructive: bool | None = None, idempotent: bool | None = None) -> McpTool:
    hints = {"read_only": read_only, "destructive": destructive, "idempotent": idempotent}
    return McpTool(server="s", name="t", parameters={}, digest="", **hints)


@pytest.mark.parametrize(
    ("type", "name"),
    [
        ("mcp.github.search", McpName("github", "search")),
        ("mcp.github.search.code", McpName("github", "search.code")),
        ("mcp.github", McpName("github", "")),
        ("mcp.", None),
        ("agent.fetch", None),
    ],
)
def test_a_type_names_a_server_and_a_tool(type: str, name: McpName | None) -> None:
    assert mcp_name(type) == name


@pytest.mark.parametrize(
    ("known", "repeatable", "asks_first"),
    [
        (tool(), False, True),
        (tool(read_only=True), True, False),
        (tool(destructive=False), False, False),
        (tool(destructive=True, idempotent=True), True, True),
    ],
)
def test_hints_say_what_may_be_repeated_and_what_a_person_approves(
    known: McpTool, repeatable: bool, asks_first: bool
) -> None:
    assert (known.repeatable, known.asks_first) == (repeatable, asks_first)


def test_a_call_that_may_be_done_is_left_alone_and_a_server_that_is_away_is_tried_again() -> None:
    policy = activity_options(called_once(NODE, Options(max_retries=4)), Options(max_retries=4))["retry_policy"]
    assert policy is not None
    assert policy.maximum_attempts == 5
    never = set(policy.non_retryable_error_types or ())
    assert never == {*MAY_BE_DONE, "TemporalTimeout:Heartbeat", "TemporalTimeout:StartToClose"}


def test_what_the_graph_does_not_try_again_stays_so() -> None:
    once = called_once(NODE, Options(retry=Retry(non_retryable=("boring",))))
    assert isinstance(once.retry, Retry)
    assert once.retry.non_retryable[0] == "boring"


def test_rules_of_the_graph_hold_for_all_other_failures() -> None:
    rules = (RetryRule(codes=("timeout", "rate"), retries=9), RetryRule(codes=("timeout",)), RetryRule(codes=("*",)))
    once = called_once(NODE, Options.model_construct(retry=rules, max_retries=2))
    assert isinstance(once.retry, tuple)
    assert [(rule.codes, rule.retries) for rule in once.retry] == [
        (MAY_BE_DONE, 0),
        (("rate",), 9),
        (("*",), None),
    ]
