"""How many agents a worker runs at once, and how it asks for them; figures are in docs/decisions/worker-slots.md."""

from datetime import timedelta

from temporalio.worker import (
    FixedSizeSlotSupplier,
    PollerBehaviorAutoscaling,
    ResourceBasedSlotConfig,
    ResourceBasedSlotSupplier,
    ResourceBasedTunerConfig,
    WorkerTuner,
)

from wand_orchestrator.settings import Settings

POLLERS = PollerBehaviorAutoscaling(minimum=1, initial=5, maximum=100)
"""As many polls at once as the server says are of use: few while nothing happens, more the further away it is."""

WORKFLOW_TASKS = 100
NEXUS_TASKS = 1
"""There are none; the SDK wants to know."""

LEAST_AGENTS = 4
"""Run at once whatever memory says, so that a machine that is full of other things does not stop all runs."""

RAMP = timedelta(milliseconds=50)
"""Between two further agents, so that what the one before takes is seen."""


def worker_tuner(settings: Settings) -> WorkerTuner:
    """Fixed numbers; with `max_memory_percent`, further agents only below that use of memory."""
    agents = settings.max_concurrent_agents
    fixed = FixedSizeSlotSupplier(agents)
    return WorkerTuner.create_composite(
        workflow_supplier=FixedSizeSlotSupplier(WORKFLOW_TASKS),
        activity_supplier=fixed
        if settings.max_memory_percent is None
        else _by_memory(settings.max_memory_percent, agents),
        local_activity_supplier=fixed,
        nexus_supplier=FixedSizeSlotSupplier(NEXUS_TASKS),
    )


def _by_memory(percent: float, agents: int) -> ResourceBasedSlotSupplier:
    """The processor is left out: agents that wait cost none, and those that compute share it."""
    return ResourceBasedSlotSupplier(
        ResourceBasedSlotConfig(minimum_slots=min(LEAST_AGENTS, agents), maximum_slots=agents, ramp_throttle=RAMP),
        ResourceBasedTunerConfig(target_memory_usage=percent / 100, target_cpu_usage=1.0),
    )
