"""Replays of runs, in the SDK's sandbox: what is not deterministic raises there.

The worker goes without it (docs/decisions/no-sandbox.md).
"""

from pkgutil import iter_modules
from typing import Any, ClassVar

from temporalio.converter import DataConverter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

import wand_orchestrator
from wand_orchestrator.temporal.connection import DATA_CONVERTER
from wand_orchestrator.workflows.graph_run import GraphRun

ROOMS = ("workflows", "activities", "testing", "api", "cli")
"""Not passed through: `workflows` is what the sandbox is for, and it imports none of the others."""

PASSED_THROUGH = (
    # Pure definitions of shapes and pure functions. Loaded anew for each run, the models of the workflow would be other
    # classes than those that the data converter outside makes, and their making costs tens of milliseconds a run.
    *(
        f"wand_orchestrator.{module.name}"
        for module in iter_modules(wand_orchestrator.__path__)
        if module.name not in ROOMS
    ),
    # Models are built at import by pydantic's compiled core, which is one for the process and cannot be loaded twice.
    "pydantic",
    "pydantic_core",
    # Markers that pydantic finds in annotations by isinstance: they must be the classes that it knows.
    "annotated_types",
    "typing_extensions",
    # Evaluates expressions without side effects, and its cache of compiled ones is worth sharing between runs.
    "jmespath",
    # Checks answers against their schema; pure, and expensive to load. The last three are what it is made of.
    "jsonschema",
    "jsonschema_specifications",
    "re2",
    "referencing",
    "rpds",
)


class OncePreparedRunner(SandboxedWorkflowRunner):
    """Loads a workflow anew for each run, as the SDK's sandbox does, but tries only once in a process whether it loads
    at all: that takes as long as loading it for a run.
    """

    _prepared: ClassVar[set[type]] = set()

    def prepare_workflow(self, defn: Any) -> None:
        if defn.cls not in self._prepared:
            super().prepare_workflow(defn)
            self._prepared.add(defn.cls)


def replayer(data_converter: DataConverter = DATA_CONVERTER) -> Replayer:
    """Replays histories of `GraphRun`, and raises where the code decides otherwise than it had."""
    runner = OncePreparedRunner(SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
    return Replayer(workflows=[GraphRun], data_converter=data_converter, workflow_runner=runner)
