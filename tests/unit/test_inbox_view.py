"""What the command prints of approvals and of usage over all runs."""

from typing import Any

import pytest

from wand_orchestrator.cli.display.inbox_view import print_inbox, print_usage
from wand_orchestrator.cli.display.run_view import used


def test_what_waits_is_listed_with_the_command_that_answers(capsys: pytest.CaptureFixture[str]) -> None:
    asked = {
        "run_id": "r_1.sub",
        "graph": "refunds",
        "node": "write[2].refund",
        "asked_at": "2026-01-31T12:00:00.000Z",
        "prompt": "May the model call refund?",
        "schema": {"type": "object"},
    }
    print_inbox([asked])
    out = capsys.readouterr().out
    assert "refunds" in out
    assert "write[2].refund asks: May the model call refund?\n" in out
    assert "    wand runs respond r_1.sub 'write[2].refund' --answer JSON\n" in out


def group(**known: Any) -> dict[str, Any]:
    counts = {"runs": 2, "requests": 3, "input_tokens": 12_000, "output_tokens": 400, "unpriced_requests": 0}
    return {"graph": None, "model": None, "day": None, "usd": None, **counts, **known}


def test_usage_is_a_table_of_what_it_is_summed_by_with_a_total(capsys: pytest.CaptureFixture[str]) -> None:
    dear = group(model="x:dear", usd=1.25, unpriced_requests=1)
    print_usage({"groups": [dear, group(model="x:free", unpriced_requests=3)], "total": group(usd=1.25), "more": True})
    told = capsys.readouterr()
    head, first, second, total = (line.split() for line in told.out.splitlines() if line.strip(" ─━-"))
    assert head == ["model", "runs", "calls", "input", "output", "cost"]
    assert first == ["x:dear", "2", "3", "12,000", "400", *["$1.2500", "and", "1", "call", "of", "unknown", "price"]]
    assert second == ["x:free", "2", "3", "12,000", "400", *["3", "calls", "of", "unknown", "price"]]
    assert total == ["total", "2", "3", "12,000", "400", "$1.2500"]
    assert "There are more" in told.err


def test_the_usage_of_a_run_is_one_line_and_nothing_without_calls() -> None:
    assert used(None) == ""
    assert used(group(usd=0.5)) == "12,000 + 400 tokens in 3 calls, $0.5000"
