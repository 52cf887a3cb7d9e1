"""Defines how a child run asks its parent for a part of the parent's budget: the signals and their arguments.

Each model call of a child run is asked for before it, and ended after it. A run without a budget above it sends none of
these.
"""

from pydantic import Field

from wand_orchestrator.contract.message import Message
from wand_orchestrator.graph import SpendingBudget

SIGNAL_SPENDING_ASKED = "spending_asked"
SIGNAL_SPENDING_ANSWERED = "spending_answered"
SIGNAL_SPENDING_ENDED = "spending_ended"
UPDATE_BUDGET = "budget"

Tokens = Field(ge=0, description="Of input and output together.")
Money = Field(ge=0, description="In picodollars; null if the price is unknown.")


class SpendingAsk(Message):
    """Argument of the signal `spending_asked`, from a child run to its parent: a model call is about to be made.

    `node`: the parent's node, or part of one, that the child run belongs to. `call`: names the call in the child run.
    `tokens` and `money`: the most that an attempt can cost, of which `attempts` are wanted.
    """

    run_id: str
    node: str
    call: str
    tokens: int = Tokens
    money: int | None = Money
    attempts: int = Field(ge=1)


class SpendingAnswer(Message):
    """Argument of the signal `spending_answered`, from the parent: so many attempts may be made, or why none may."""

    call: str
    attempts: int = Field(default=0, ge=0)
    code: str | None = None
    message: str = ""


class SpendingEnd(Message):
    """Argument of the signal `spending_ended`: what the call cost, and how many attempts nobody knows the cost of."""

    run_id: str
    call: str
    tokens: int = Tokens
    money: int | None = Money
    untold: int = Field(ge=0)


class BudgetChange(Message):
    """Argument of the update `budget`: replaces the budget of the run, or that of a node."""

    node: str | None = None
    budget: SpendingBudget
