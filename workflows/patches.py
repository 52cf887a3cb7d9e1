"""Decides by the history of a run which changes of its code apply to it, so that runs under way go on as they began.

`workflow.patched` alone does not do where it is first called after a local activity. If a query comes while the result
of a local activity is on its way to the workflow, the SDK ends the workflow task between the two: what the workflow
does with the result, patch markers included, is recorded with the next task. A replay hands out the result one task
earlier, before it has read these markers, so `patched` returns false there, and the run cannot go on. Therefore a run
asks once, in its first step, for the newest generation, which stands for all changes up to it.
"""

from collections.abc import Mapping

from temporalio import workflow

GENERATIONS: Mapping[str, frozenset[str]] = {
    "generation-1": frozenset(
        {
            "agents-cross",
            "apart-by-start",
            "cancel-before-updates",
            "cancelled-before-begun",
            "cancelled-between-steps",
            "child-events-at-once",
            "child-starts-before-cancel",
            "children-cross",
            "default-answer-fits",
            "expressions-end-a-task",
            "expressions-take-a-million-steps",
            "fail-message-any",
            "input-keys",
            "logs-bounded",
            "lost-attempts",
            "map-errors",
            "map-output-bounded",
            "retry-what-depends",
            "start-before-edges",
            "updates-before-end",
            "inbox",
        }
    ),
    "generation-2": frozenset({"ends-with-ancestors", "held-back-when-going-on", "taken-up-before-steered"}),
}
"""Generations of the code, oldest first, each with the changes that came with it. Before the first release a change is
added to the newest one; after a release, changes begin a generation of their own."""


def begin() -> None:
    """Record the newest generation in a new history. Every workflow calls it in its first step."""
    for generation in reversed(list(GENERATIONS)):
        if workflow.patched(generation):
            return


def patched(change: str) -> bool:
    """Return whether the change applies to this run. Raises KeyError for one that is in no generation."""
    known = [generation for generation, changes in GENERATIONS.items() if change in changes]
    if not known:
        raise KeyError(f"{change!r} is in no generation of workflows/patches.py")
    since = list(GENERATIONS).index(known[0])
    # Newest first: that is the one which `begin` asked for, and to ask for another one would record another marker.
    newest_first = reversed(list(GENERATIONS)[since:])
    return any(workflow.patched(generation) for generation in newest_first) or workflow.patched(change)
