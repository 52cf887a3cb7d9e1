"""Contains the results: samples by workload, contender and measure."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.statistics import Summary

Measures = Mapping[str, float]
"""By name, one for each thing that one go measured."""


@dataclass
class Outcome:
    """Contains all goes of one contender at one workload. `failure`: why there are no more."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    failure: str | None = None
    note: str = ""

    def add(self, measures: Measures) -> None:
        for name, value in measures.items():
            self.samples.setdefault(name, []).append(value)


@dataclass(frozen=True)
class Quantity:
    """One series of samples."""

    workload: str
    contender: str
    measure: str


@dataclass
class Results:
    """Contains all results. `outcomes`: by workload, then by contender, in the order of the tables."""

    machine: dict[str, str]
    quick: bool
    outcomes: dict[str, dict[str, Outcome]] = field(default_factory=dict)

    def samples(self, quantity: Quantity) -> list[float]:
        """Return the samples of a quantity; none if it was not measured."""
        outcome = self.outcomes.get(quantity.workload, {}).get(quantity.contender)
        return [] if outcome is None else outcome.samples.get(quantity.measure, [])

    @property
    def failures(self) -> list[str]:
        return [
            f"{workload}, {contender}: {outcome.failure}"
            for workload, outcomes in self.outcomes.items()
            for contender, outcome in outcomes.items()
            if outcome.failure is not None
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "quick": self.quick,
            "workloads": {
                workload: {contender: _shown(outcome) for contender, outcome in outcomes.items()}
                for workload, outcomes in self.outcomes.items()
            },
        }

    def write(self, path: Path, **more: Any) -> None:
        path.write_text(json.dumps(self.as_json() | more, indent=1) + "\n")


def _shown(outcome: Outcome) -> dict[str, Any]:
    summaries = {name: asdict(Summary.of(samples)) for name, samples in outcome.samples.items()}
    return {"failure": outcome.failure, "note": outcome.note, "samples": outcome.samples, "summaries": summaries}


def this_machine() -> dict[str, str]:
    """Return what the figures depend on, without the machine's name."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpus": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "temporalio": version("temporalio"),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }
