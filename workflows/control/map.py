"""`flow.map`: runs an agent or a stored graph for each item of a list."""

import asyncio
from typing import Any

from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.graph import Options
from wand_orchestrator.graphs.control_nodes import MapParams
from wand_orchestrator.graphs.node_values import ITEMS
from wand_orchestrator.validation.phrases import described
from wand_orchestrator.workflows.control.base import Control, Given, Host, failure
from wand_orchestrator.workflows.control.target import TargetRunner, require_listed
from wand_orchestrator.workflows.control.window import ItemWindow
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.node_failures import node_failure
from wand_orchestrator.workflows.patches import patched
from wand_orchestrator.workflows.size import size_up_to

PATCH = "map-errors"
PATCH_BOUNDED = "map-output-bounded"

_WHOLE = 2**40
"""Of outputs that fitted."""

TOLD_ERRORS = 20
"""Of the items that failed, those whose errors stand in the output or the error: both stay small. The node's parts
have them all."""

_MESSAGE_BYTES = 400


class Map(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        self._params = MapParams.model_validate(given.params)
        require_listed(self._params)
        self._items = _items(self._params, given.input)
        own = {key: value for key, value in given.input.items() if key != ITEMS}
        self._target = TargetRunner(host, given.node, self._params, own)
        carried = given.carried or {"outputs": {}, "failed": []}
        self._outputs: dict[int, Any] = {int(index): output for index, output in carried["outputs"].items()}
        self._bytes = size_up_to(self._outputs, _WHOLE)
        self._too_large = False
        self._failed: set[int] = set(carried["failed"])
        self._going_on: list[int] = carried.get("in_flight", [])
        self._errors: list[dict[str, Any]] = list(carried.get("errors", ()))
        self._percent = 0
        self._first = ""
        self._window: ItemWindow | None = None

    async def run(self) -> dict[str, Any]:
        if not isinstance(self._items, list):
            raise failure("invalid_input", f"`items` must be a list, and is {described(self._items)}")
        begun = self._failed | self._outputs.keys() | set(self._going_on)
        todo = [index for index in range(len(self._items)) if index not in begun]
        self._window = ItemWindow(
            todo,
            self._params.concurrency,
            self._start,
            self._settled,
            lambda: self.host.holds_back,
            self._going_on,
        )
        await self._window.run()
        if self._too_large:
            limit = f"the outputs of all items together take more than {self.host.result_bytes} bytes"
            raise failure("result_too_large", f"{limit}: give back less of each, or save artifacts")
        if self._too_many_failed():
            message = f"{len(self._failed)} of {len(self._items)} items failed{self._first}"
            raise failure("too_many_failed", message, {"failed": sorted(self._failed)[:TOLD_ERRORS], **self._told})
        outputs = [self._outputs.get(index) for index in range(len(self._items))]
        output = {"outputs": outputs, "failed": sorted(self._failed)}
        return output | self._told if patched(PATCH) else output

    @property
    def _told(self) -> dict[str, Any]:
        return {"errors": sorted(self._errors, key=lambda error: int(error["index"]))}

    def carry(self) -> dict[str, Any]:
        begun = self._going_on if self._window is None else self._window.in_flight
        return {"outputs": self._outputs, "failed": sorted(self._failed), "in_flight": begun, **self._told}

    def done_before_failing(self) -> dict[str, Any]:
        """Return the outputs of the items that succeeded, which do not run again."""
        return {"outputs": self._outputs, "failed": []}

    @property
    def busy(self) -> bool:
        return self._window is not None and self._window.busy

    @property
    def crosses(self) -> bool:
        return self._window is None or self._window.crosses

    async def _start(self, index: int) -> Any:
        assert self._items is not None
        return await self._target.run(index, self._items[index])

    def _settled(self, index: int, future: "asyncio.Future[Any]") -> None:
        assert self._window is not None
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is None:
            self._keep(index, future.result())
        elif self._window.stopped:
            return
        else:
            self._fail(index, error)
            if self._too_many_failed():
                self._window.stop()
        self._tell_progress()

    def _keep(self, index: int, output: Any) -> None:
        """Store an item's output. Once all outputs together are too large, drop them, and start no more items."""
        self._bytes += size_up_to(output, self.host.result_bytes)
        if self._too_large or (self._bytes > self.host.result_bytes and patched(PATCH_BOUNDED)):
            self._too_large, self._outputs = True, {}
            assert self._window is not None
            self._window.stop()
        else:
            self._outputs[index] = output

    def _fail(self, index: int, error: BaseException) -> None:
        self._failed.add(index)
        failed = node_failure(self.node, Options(), error).failure
        self._first = self._first or f", the first of: {failed.message}"
        if len(self._errors) < TOLD_ERRORS:
            told = {"index": index, "code": failed.code, "message": bounded_text(failed.message, _MESSAGE_BYTES)}
            self._errors.append(told)

    def _tell_progress(self) -> None:
        """Journal the progress, at most once for each percent."""
        assert self._items is not None
        settled, count = len(self._outputs) + len(self._failed), len(self._items)
        if settled * 100 // count > self._percent:
            self._percent = settled * 100 // count
            self.host.tell(event_texts.map_progress(self.node, self._percent, settled, count))

    def _too_many_failed(self) -> bool:
        return len(self._failed) > self._params.tolerated(len(self._items or ()))


def _items(params: MapParams, input: dict[str, Any]) -> Any:
    """Return the items of the params or of the input; if they are no list, the node fails when it runs."""
    if ITEMS not in params.model_fields_set:
        return input.get(ITEMS)
    if ITEMS in input:
        raise failure("invalid_input", "`items` come by the params and by the input: give them once")
    return params.items
