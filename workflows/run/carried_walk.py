"""Reads what a walk carried over from the previous history of its run (continue-as-new)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from wand_orchestrator.contract.node import InFlight
from wand_orchestrator.graph import Options

_NOTHING: Mapping[str, Any] = {"scheduler": None, "controls": {}, "left": {}, "slow_agents": [], "child_runs": {}}


class CarriedWalk:
    """Contains what `Walk.carry` returned in the previous history; empty in the first history of a run.

    What earlier releases did not carry is empty, too.
    """

    def __init__(self, carried: Mapping[str, Any] | None) -> None:
        known = carried or _NOTHING
        self._is_first = not carried
        self._deadline_sec: float | None = None if self._is_first else known["deadline_sec"]
        self.scheduler: dict[str, Any] | None = known["scheduler"]
        self.controls: dict[str, Any] = known["controls"]
        self.left: dict[str, Any] = dict(known["left"])
        self.slow_agents: list[str] = known["slow_agents"]
        self.child_runs: dict[str, Any] = known.get("child_runs", {"started": known.get("children", 0)})
        self.crossing = {id: InFlight.model_validate(node) for id, node in known.get("crossing", {}).items()}
        self.attempts: dict[str, int] = known.get("attempts", {})
        self.losses: dict[str, dict[str, int]] = known.get("losses", {})
        self.mcp_tools: dict[str, Any] = known.get("mcp_tools", {})
        self.parts: dict[str, Any] = known.get("parts", {})
        self.skipping: list[str] = known.get("skipping", [])
        self.budgets: dict[str, Any] = known.get("budgets", {})
        self.model_calls: dict[str, Any] = known.get("model_calls", {})

    @property
    def crosses(self) -> bool:
        """Whether agents or child runs of the previous history continue in this one."""
        return bool(self.crossing or self.child_runs.get("runs"))

    def budget(self, options: Options) -> timedelta | None:
        """Return the rest of the run's deadline; None without one."""
        seconds = options.run_timeout_sec if self._is_first else self._deadline_sec
        return None if seconds is None else timedelta(seconds=seconds)
