"""Implements the scheduler, which walks the DAG of a run: it is told what happened and returns what to do next.

Plain classes: they know nothing of Temporal, of time or of agents. Over a whole run they take O(nodes + edges) steps.
"""

from wand_orchestrator.workflows.scheduler.decision import Decision, Start
from wand_orchestrator.workflows.scheduler.phase import Outcome, Phase
from wand_orchestrator.workflows.scheduler.scheduler import Scheduler

__all__ = ["Decision", "Outcome", "Phase", "Scheduler", "Start"]
