"""Tests of agents and graphs without a model and without Temporal.

    ctx = RecordingContext(http_fetch)                     # one agent or tool
    run = run_graph(graph, {"topic": "wands"}, models=[calls(("search", {"q": "wands"})), "Done."])
    assert run.status == "succeeded"

A name is loaded when it is first asked for: tests of single agents need not wait for Temporal's SDK.
"""

from typing import TYPE_CHECKING

from wand_orchestrator._lazy_names import lazy_names

if TYPE_CHECKING:
    from wand_orchestrator.testing.cassette import Cassette
    from wand_orchestrator.testing.finished_run import FinishedRun
    from wand_orchestrator.testing.in_memory.in_memory_temporal import AnswerRefused, RunStuck
    from wand_orchestrator.testing.recording_context import RecordingContext
    from wand_orchestrator.testing.run_in_memory import run_graph
    from wand_orchestrator.testing.scripted_model import AskedTurn, ScriptedModel, calls, fails

__all__ = [
    "AnswerRefused",
    "AskedTurn",
    "Cassette",
    "FinishedRun",
    "RecordingContext",
    "RunStuck",
    "ScriptedModel",
    "calls",
    "fails",
    "run_graph",
]

_MODULES = {
    "cassette": ("Cassette",),
    "finished_run": ("FinishedRun",),
    "in_memory.in_memory_temporal": ("AnswerRefused", "RunStuck"),
    "recording_context": ("RecordingContext",),
    "run_in_memory": ("run_graph",),
    "scripted_model": ("AskedTurn", "ScriptedModel", "calls", "fails"),
}


__getattr__ = lazy_names(__name__, globals(), _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
