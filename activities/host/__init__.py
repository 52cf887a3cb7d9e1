"""The agent host: a process in which agents run, apart from the one that serves the API and the workflows.

The activity, its heartbeats and its cancel stay in the worker (`pool`, `process`). The function, its validation and its
tools run in the child (`child`), which may block, crash and be started again. Between them go frames of JSON.
Why, and what it costs, is in docs/decisions/agent-host.md.
"""
