"""Reads, checks and bounds all that enters a workflow: its input, results, errors, signals and updates. No other folder
does.

Anybody may send any of it: a worker in another language, an operator with the `temporal` CLI, a program with a client
of its own. Whatever raises while it is read would fail the workflow task, which Temporal then tries again for ever, and
the run could be neither steered nor ended nor read. So it arrives raw, and what does not fit becomes a failure of the
node, a rejected update, or a warning about a signal. What fits is bounded, so that it can be written and read again.
"""
