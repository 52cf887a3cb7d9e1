"""`flow.repeat`: runs an agent or a stored graph until its output satisfies a condition."""

from typing import Any

from wand_orchestrator.graphs.control_nodes import RepeatParams
from wand_orchestrator.graphs.expressions import ExpressionError, is_true
from wand_orchestrator.workflows.arrivals.activity_results import output_of
from wand_orchestrator.workflows.control.base import Control, Given, Host, failure
from wand_orchestrator.workflows.control.target import TargetRunner, require_listed
from wand_orchestrator.workflows.held_back import until_free
from wand_orchestrator.workflows.uncancelled import raise_if_cancelled


class Repeat(Control):
    def __init__(self, given: Given, host: Host) -> None:
        super().__init__(given, host)
        self._params = RepeatParams.model_validate(given.params)
        require_listed(self._params)
        self._target = TargetRunner(host, given.node, self._params, given.input)
        start = None if self._params.state is None else given.input | self._params.state
        carried = given.carried or {"times": 0, "last": given.input, "state": start}
        self._times: int = carried["times"]
        self._last: Any = carried["last"]
        self._state: dict[str, Any] | None = carried.get("state")
        self._goes_on: bool = carried.get("in_flight", False)
        self._busy = False
        self._judging = False

    async def run(self) -> dict[str, Any]:
        satisfied = False
        while not satisfied and self._times < self._params.max_times:
            if not self._goes_on:
                raise_if_cancelled()
                await until_free(lambda: self.host.holds_back)
            self._goes_on = False
            satisfied = await self._round()
        output = {"output": self._last, "times": self._times, "satisfied": satisfied}
        return output if self._state is None else output | {"state": self._state}

    def carry(self) -> dict[str, Any]:
        carried = {"times": self._times, "last": self._last, "in_flight": self._busy or self._goes_on}
        return carried if self._state is None else carried | {"state": self._state}

    @property
    def busy(self) -> bool:
        return self._busy

    @property
    def crosses(self) -> bool:
        """Whether a new history can resume the round; not while its condition is evaluated, which may wait for room in
        a workflow task.
        """
        return not self._judging

    async def _round(self) -> bool:
        self._busy = True
        try:
            given = self._last if self._state is None else self._state
            self._last = await self._target.run(self._times, given)
            self._times += 1
            self._judging = True
            judged = self._last if self._state is None else self._merged(self._state, self._last)
            return is_true(await self.host.evaluate(self._params.until, judged))
        except ExpressionError as error:
            raise failure(error.code, f"until: {error}") from error
        finally:
            self._busy = self._judging = False

    def _merged(self, state: dict[str, Any], output: Any) -> dict[str, Any]:
        """Return the state after a round. Raises ApplicationError `invalid_output` if the output is no object."""
        if not isinstance(output, dict):
            reason = "with `state` a round gives an object, which is merged into it"
            raise failure("invalid_output", f"the output of round {self._times - 1} is no object: {reason}")
        self._state = output_of(state | output)
        return self._state
