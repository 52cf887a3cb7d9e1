"""What the research team of `wand demo --agents` reads: pages of its own, as the demo needs no network."""

PAGES = {
    "temporal.txt": "Temporal records each step of a workflow in a history. After a crash another worker replays the "
    "history and goes on where the first one was.",
    "approvals.txt": "A step that waits for a person costs nothing while it waits. The answer may come after days, and "
    "the steps before it are not run again.",
    "budgets.txt": "Before a model is called, what the call may cost at most is reserved in the budget. So agents that "
    "work side by side cannot spend more than they have together.",
}
"""By file name."""

TOPIC = "Why agents run on a durable orchestrator"
