"""The input of a run, read from what stands in its history: the argument of `GraphRun`, a snapshot of some megabytes.

It never changes, and a run that goes on in a new history brings the same bytes along. So it is read once for all of
them, and for a replay after its workflow was dropped from the cache, as long as somebody still has it.
"""

import hashlib
import threading
from typing import Any
from weakref import WeakValueDictionary

from pydantic import ValidationError
from pydantic_core import from_json

from wand_orchestrator.contract.run import (
    RunInput,
    RunOrder,
)

LARGE_BYTES = 64 * 1024
"""A smaller one is read as fast as it is found."""


class _Inputs:
    """Those in use, and the last one: between two histories of a run nobody holds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: WeakValueDictionary[bytes, RunInput] = WeakValueDictionary()
        self._last: RunInput | None = None

    def get(self, data: bytes) -> RunInput:
        digest = hashlib.sha256(data).digest()
        with self._lock:
            run = self._read.get(digest)
        if run is None:
            run = RunInput.model_validate_json(data)
        with self._lock:
            self._last = self._read.setdefault(digest, run)
            return self._last


_inputs = _Inputs()


def read_order(data: bytes) -> RunInput | RunOrder:
    """What this JSON orders: a graph to run, or the name of one; what is given must not be changed.

    Raises ValueError, pydantic's ValidationError among them, for what orders neither.
    """
    try:
        return RunInput.model_validate_json(data) if len(data) < LARGE_BYTES else _inputs.get(data)
    except ValidationError:  # of an order, or of what is no run
        return order_in(from_json(data))


def order_in(document: Any) -> RunInput | RunOrder:
    """The same of a value. Raises ValueError."""
    if not isinstance(document, dict):
        raise ValueError("the input has to be an object with `graph`, `graph_id` or `graph_name`")
    return RunInput.model_validate(document) if "graph" in document else RunOrder.model_validate(document)
