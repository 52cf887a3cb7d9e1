"""The activities of a test: agents by the runner of a worker, and what runs have done for them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio import activity

from wand_orchestrator.activities.runner.holding import HeldAttempts
from wand_orchestrator.activities.runner.runner import AgentServices, activity_for
from wand_orchestrator.contract.names import (
    ACTIVITY_ARCHIVE,
    ACTIVITY_END_WITH_PARENT,
    ACTIVITY_IS_ENDING,
    ACTIVITY_NEXT_TASK,
    ACTIVITY_START_RUN,
)
from wand_orchestrator.contract.node import AgentCall
from wand_orchestrator.contract.run import NewRun
from wand_orchestrator.files.artifacts import Artifact, ArtifactStore
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings

Function = Callable[..., Awaitable[Any]]


@dataclass
class OwnActivities:
    """Finds the activities of a test. `start_run` starts a run that no other one waits for, `is_ending` tells
    whether a run is being cancelled, or one that it is a part of.
    """

    registry: Registry
    settings: Settings
    artifacts: "RememberedArtifacts"
    start_run: Callable[[NewRun], None]
    is_ending: Callable[[str], bool]
    _agents: dict[str, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        attempts = HeldAttempts("", "", self.settings.shutdown_grace_sec)
        services = AgentServices(self.settings, self.registry, self.artifacts, attempts)
        self._agents = {name: activity_for(agent, services) for name, agent in self.registry.runnable.items()}

    def find(self, name: str) -> tuple[Function, type | None] | None:
        if name in self._agents:
            return self._agents[name], AgentCall
        if name == ACTIVITY_START_RUN:
            return self._start, NewRun
        if name == ACTIVITY_IS_ENDING:
            return self._ends, str
        if name in (ACTIVITY_ARCHIVE, ACTIVITY_NEXT_TASK, ACTIVITY_END_WITH_PARENT):
            return _nothing, None
        return None

    def is_passive(self, name: str) -> bool:
        return name == ACTIVITY_END_WITH_PARENT

    async def _start(self, run: NewRun) -> None:
        self.start_run(run)

    async def _ends(self, run_id: str) -> bool:
        return self.is_ending(run_id)


class RememberedArtifacts(ArtifactStore):
    """Keeps files in memory, and lets the test see them in `saved`, by `node/name`."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.saved: dict[str, bytes] = {}

    async def save(self, run_id: str, node: str, name: str, data: bytes, media_type: str) -> Artifact:
        kept = await super().save(run_id, node, name, data, media_type)
        self.saved[f"{node}/{name}"] = data
        return kept


@activity.defn
async def _nothing(*_: Any) -> None:
    """The test's witness has seen all that there is."""
