"""A ledger grants no more than its budget holds, in tokens and in money."""

from wand_orchestrator.contract.model_call import Price, Usage
from wand_orchestrator.graph import SpendingBudget
from wand_orchestrator.workflows.budget.amount import PICO, Amount
from wand_orchestrator.workflows.budget.ledger import Granted, Later, Ledger, UsedUp

PRICE = Price(input=1.0, output=4.0)


def test_as_many_attempts_are_granted_as_fit_in_what_is_left() -> None:
    ledger = Ledger(SpendingBudget(tokens=250))
    assert ledger.ask(Amount(100), 3) == Granted(2)
    assert ledger.ask(Amount(100), 1) == Granted(1)
    ledger.reserve("a", Amount(100), 2)
    assert ledger.ask(Amount(50), 3) == Granted(1)


def test_what_does_not_fit_beside_calls_in_flight_comes_later() -> None:
    ledger = Ledger(SpendingBudget(tokens=100))
    ledger.reserve("a", Amount(100), 1)
    assert ledger.ask(Amount(60), 1) == Later()
    ledger.settle("a", Amount(30), 0)
    assert ledger.ask(Amount(60), 1) == Granted(1)


def test_what_can_never_fit_is_refused_with_what_is_left() -> None:
    ledger = Ledger(SpendingBudget(tokens=1000, usd=0.5))
    ledger.reserve("a", Amount(900, PICO // 4), 1)
    ledger.settle("a", Amount(900, PICO // 4), 0)
    verdict = ledger.ask(Amount(200, PICO // 2), 1)
    assert isinstance(verdict, UsedUp)
    assert "200 tokens, and 100 of 1,000 are left" in verdict.reason
    assert "$0.5, and $0.25 of $0.5 are left" in verdict.reason


def test_attempts_of_which_nobody_tells_the_cost_count_in_full() -> None:
    ledger = Ledger(SpendingBudget(tokens=1000))
    ledger.reserve("a", Amount(100), 3)
    ledger.settle("a", Amount(10), 2)
    assert ledger.spent.tokens == 210
    ledger.settle("a", Amount(10), 2)
    assert ledger.spent.tokens == 210


def test_a_budget_of_money_refuses_a_model_without_a_price() -> None:
    verdict = Ledger(SpendingBudget(usd=1)).ask(Amount.at(None, 10, 10), 1)
    assert isinstance(verdict, UsedUp)
    assert verdict.unbounded
    assert "price" in verdict.reason
    assert Ledger(SpendingBudget(tokens=100)).ask(Amount.at(None, 10, 10), 1) == Granted(1)


def test_a_ledger_goes_on_in_a_new_history_as_it_was() -> None:
    ledger = Ledger(SpendingBudget(tokens=100, on_exceeded="pause"))
    ledger.reserve("a", Amount(30), 2)
    ledger.settle("a", Amount(20), 0)
    ledger.reserve("b", Amount(30), 2)
    again = Ledger.restore(ledger.carry())
    assert again.carry() == ledger.carry()
    assert again.ask(Amount(30), 1) == Later()
    closed = Ledger.restore(ledger.closed())
    assert closed.spent.tokens == 80
    assert closed.reserved == Amount()


def test_money_is_rounded_up_and_never_down() -> None:
    assert Amount.at(PRICE, 1, 1) == Amount(2, 5_000_000)
    third = Amount.at(Price(input=1 / 3, output=0), 1, 0)
    assert third.money is not None
    assert third.money / PICO * 1_000_000 >= 1 / 3
    assert Amount.of(Usage(requests=1, input_tokens=5, usd=0.0), PRICE) == Amount(5, 0)
    assert Amount.of(Usage(requests=1, input_tokens=5, output_tokens=1), PRICE) == Amount.at(PRICE, 5, 1)
    assert Amount.of(Usage(requests=1, input_tokens=5), None).money is None
