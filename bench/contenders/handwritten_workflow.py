"""Defines the workflow that a good user of Temporal would write by hand for a graph in layers."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from temporalio import activity, workflow

TASK_QUEUE = "handwritten"
LIMIT = timedelta(seconds=30)


@dataclass(frozen=True)
class Plan:
    """The remaining work. `values`: the outputs of the layer before the first of `layers`."""

    layers: list[int]
    values: list[int]
    local: bool = False


@activity.defn
async def step(value: int) -> int:
    """Adds one."""
    return value + 1


@workflow.defn
class Layers:
    @workflow.run
    async def run(self, plan: Plan) -> int:
        """Return the first value of the last layer."""
        values = plan.values
        for done, width in enumerate(plan.layers):
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(replace(plan, layers=plan.layers[done:], values=values))
            values = await asyncio.gather(
                *(self._step(values[place % len(values)], plan.local) for place in range(width))
            )
        return values[0]

    async def _step(self, value: int, local: bool) -> int:
        if local:
            return await workflow.execute_local_activity(step, value, start_to_close_timeout=LIMIT)
        return await workflow.execute_activity(step, value, start_to_close_timeout=LIMIT)
