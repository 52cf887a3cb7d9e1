"""No reply uses more tokens than its worst case, as no token is shorter than a byte."""

from wand_orchestrator.contract.model_call import (
    CallSettings,
    ModelInfo,
    ModelTurn,
    Price,
    ToolDefinition,
    ToolOutcome,
    Usage,
)
from wand_orchestrator.workflows.budget.worst_case import tokens_after, worst_case

INFO = ModelInfo(model="test:one", price=Price(input=1, output=2), max_output_tokens=500)


def test_a_first_turn_counts_all_that_is_sent() -> None:
    tool = ToolDefinition(name="look", description="d" * 300)
    turn = ModelTurn(model="m", instructions="i" * 1000, prompt="p" * 2000, tools=(tool,))
    worst = worst_case(INFO, turn)
    assert worst.input_tokens >= 3300
    assert worst.output_tokens == 500


def test_a_later_turn_counts_what_is_new_beside_the_conversation() -> None:
    outcome = ToolOutcome(id="1", name="look", content="é" * 1000)
    turn = ModelTurn(model="m", instructions="i" * 9000, outcomes=(outcome,), settings=CallSettings(max_tokens=50))
    worst = worst_case(INFO, turn, before=400)
    assert 400 + len("é".encode()) * 1000 <= worst.input_tokens < 9000
    assert worst.output_tokens == 50


def test_a_conversation_never_has_more_tokens_than_the_model_takes() -> None:
    info = INFO.model_copy(update={"context_tokens": 2000})
    assert worst_case(info, ModelTurn(model="m", prompt="p" * 9000)).input_tokens == 2000


def test_the_next_turn_starts_from_what_the_provider_told_or_from_the_worst_case() -> None:
    worst = worst_case(INFO, ModelTurn(model="m", prompt="hello"))
    assert tokens_after(worst, Usage(requests=1, input_tokens=7, output_tokens=3)) == 10
    assert tokens_after(worst, Usage(requests=1)) == worst.input_tokens + 500


def test_a_reply_without_a_limit_has_no_worst_case() -> None:
    assert worst_case(ModelInfo(model="m"), ModelTurn(model="m")).output_tokens is None
