"""Contains the examples of the OpenAPI document: each can be sent as it is, and a test sends them all."""

from typing import Any

from fastapi.openapi.models import Example

FETCH_ANALYZE_CHART: dict[str, Any] = {
    "name": "demo",
    "nodes": [
        {"id": "fetch", "type": "agent.fetch", "params": {"url": "https://example.com"}},
        {"id": "analyze", "type": "agent.analyze", "params": {}},
        {"id": "chart", "type": "agent.chart", "params": {"spec": {"kind": "line"}}},
    ],
    "edges": [
        {"from": "fetch", "to": "analyze", "map": {"text": "body"}},
        {"from": "analyze", "to": "chart", "map": {"series": "insights"}},
    ],
    "options": {"concurrency": 2, "default_timeout_sec": 10, "max_retries": 1},
    "sinks": ["chart"],
}

SQUARES: dict[str, Any] = {
    "name": "squares",
    "nodes": [
        {"id": "numbers", "type": "agent.transform", "params": {"expression": "`[1, 4, 9, 16]`"}},
        {"id": "chart", "type": "agent.chart", "params": {"spec": {"kind": "bar", "title": {"$input": "title"}}}},
    ],
    "edges": [{"from": "numbers", "to": "chart", "map": {"series": "@"}}],
}

GRAPHS: dict[str, Example] = {
    "fetch-analyze-chart": {"summary": "A page, its figures, and a chart of them", "value": FETCH_ANALYZE_CHART},
    "squares": {"summary": "A chart with a title from the run's input, without network", "value": SQUARES},
}

RUNS: dict[str, Example] = {
    "by name": {
        "summary": "A stored graph, in its newest version",
        "value": {"graph_name": "squares", "input": {"title": "Squares"}},
    },
    "inline": {
        "summary": "A graph given with the call",
        "value": {"graph": SQUARES, "input": {"title": "Squares"}},
    },
    "tagged": {
        "summary": "With tags, to find it by later",
        "value": {"graph": SQUARES, "input": {"title": "Squares"}, "tags": ["nightly", "customer:7"]},
    },
    "webhook": {
        "summary": "A URL is told how it ended; needs WAND_WEBHOOK_SECRET",
        "value": {
            "graph": SQUARES,
            "input": {"title": "Squares"},
            "webhook": {"url": "https://hooks.example.com/wand", "events": ["run.succeeded", "run.failed"]},
        },
    },
}

SCHEDULES: dict[str, Example] = {
    "cron": {
        "summary": "On working days at six in the morning in Paris",
        "value": {
            "graph_name": "squares",
            "cron": "0 6 * * MON-FRI",
            "time_zone": "Europe/Paris",
            "input": {"title": "Squares"},
            "tags": ["morning"],
        },
    },
    "every": {
        "summary": "Every 15 minutes; a run that takes longer is cancelled by the next",
        "value": {
            "graph_name": "squares",
            "every": "15m",
            "jitter": "30s",
            "overlap": "cancel_other",
            "catchup_window": "1h",
            "input": {"title": "Squares"},
        },
    },
}

BACKFILLS: dict[str, Example] = {
    "a week": {
        "summary": "The moments of a week, one run after the other",
        "value": {"start_at": "2026-01-05T00:00:00Z", "end_at": "2026-01-11T23:59:59Z"},
    },
}

BUDGETS: dict[str, Example] = {
    "of the run": {
        "summary": "Two dollars for all model calls of the run, which is paused when they are spent",
        "value": {"usd": 2, "on_exceeded": "pause"},
    },
    "of a node": {"summary": "Tokens for the model calls of one node", "value": {"node": "write", "tokens": 200_000}},
}

HOOKS: dict[str, Example] = {
    "signature": {
        "summary": "Signed messages, as of Standard Webhooks; the answer shows the secret",
        "value": {
            "graph_name": "squares",
            "map": {"title": "body.repository.name", "event": 'headers."x-github-event"'},
            "tags": ["from-hook"],
        },
    },
    "token": {
        "summary": "A token in a header; the whole body is the input",
        "value": {"graph_name": "squares", "verification": "token", "secret": "a-token-of-at-least-24-characters"},
    },
}
