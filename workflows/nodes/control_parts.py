"""Runs control nodes that are parts of other ones, such as the conversations that a map holds side by side."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError

from wand_orchestrator.contract.misfits import fields_at_fault
from wand_orchestrator.graph import Node
from wand_orchestrator.workflows.control.base import Control, Given, Host, PartValues, failure


class ControlParts:
    """Manages such parts of one run. `carried`: what `carry` returned in the previous history. `left`: what control
    nodes that failed had done, the run's own nodes among them. `record_done` is told what has to be asked for it.
    """

    def __init__(
        self,
        carried: Mapping[str, Any],
        left: dict[str, Any],
        record_done: Callable[[str, Callable[[], Any]], None],
    ) -> None:
        self._carried = dict(carried)
        self._left = left
        self._record_done = record_done
        self._given: dict[str, Given] = {}
        self._controls: dict[str, Control] = {}
        self._starting: set[str] = set()

    @property
    def cross(self) -> bool:
        """Whether a new history can resume all that are in flight."""
        controls = self._controls.values()
        return not self._starting and all(not control.busy or control.crosses for control in controls)

    def goes_on(self, part: str) -> bool:
        """Return whether the part began in an earlier history, and is not awaited yet."""
        return part in self._carried

    def carry(self) -> dict[str, Any]:
        return self._carried | {
            part: {"params": given.params, "input": given.input, "state": self._controls[part].carry()}
            for part, given in self._given.items()
        }

    async def run(
        self, node: Node, kind: type[Control], host: Host, values: Callable[[], Awaitable[PartValues]]
    ) -> Any:
        """Run the control node, or resume it; return its output. Raises ApplicationError when it fails."""
        given = await self._given_to(node, values)
        try:
            control = kind(given, host)
        except ValidationError as error:
            raise failure("invalid_params", fields_at_fault(error, "params")) from error
        self._given[node.id], self._controls[node.id] = given, control
        self._record_done(node.id, control.done_before_failing)
        try:
            output = await control.run()
        except Exception:
            if (done := control.done_before_failing()) is not None:
                self._left[node.id] = done
            raise
        finally:
            del self._given[node.id], self._controls[node.id]
        self._record_done(node.id, _nothing)
        return output

    async def _given_to(self, node: Node, values: Callable[[], Awaitable[PartValues]]) -> Given:
        if (before := self._carried.pop(node.id, None)) is not None:
            return Given(node, before["params"], before["input"], before["state"])
        self._starting.add(node.id)
        try:
            found = await values()
        finally:
            self._starting.discard(node.id)
        return Given(node, found.params, found.input, self._left.pop(node.id, None))


def _nothing() -> None:
    """What is left of a part that succeeded: its output is kept by the node that it is a part of."""
