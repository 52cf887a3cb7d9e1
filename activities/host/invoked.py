"""Defines the worker's record of an invocation in progress in a host process."""

import asyncio
from dataclasses import dataclass
from typing import Any

from wand_orchestrator.activities.host.child import FAILURE
from wand_orchestrator.activities.host.frames import Frame
from wand_orchestrator.activities.host.order import Order
from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure, HostedFailure
from wand_orchestrator.activities.runner.reports import Reporter
from wand_orchestrator.temporal.emission_feed import UNHEARD_SEC


@dataclass
class Invoked:
    """An invocation in progress in a host process."""

    order: Order
    reporter: Reporter
    ending: asyncio.Future[Any]
    cancelled_at: float | None = None
    warned: bool = False
    text_interval_sec: float = UNHEARD_SEC


@dataclass(frozen=True)
class Limits:
    """The limits of an invocation; see the settings `agent_…`."""

    memory_bytes: int
    block_sec: float
    cancel_sec: float
    frame_bytes: int


def settle(ending: asyncio.Future[Any], kind: str, frame: Frame) -> None:
    if kind == "output":
        ending.set_result(frame["output"])
    elif kind == "cancelled":
        ending.set_exception(asyncio.CancelledError())
    else:
        failure: AttemptFailure = FAILURE.validate_python(frame["failure"])
        ending.set_exception(HostedFailure(failure))


def place_of(order: Order) -> tuple[str, str, str]:
    return order.node_id, order.run_id, order.agent
