"""Storage: graphs, runs, events and idempotency keys, in SQLite or PostgreSQL.

store = Store.open(settings.effective_database_url)
await store.migrate()
...
await store.close()
"""

from wand_orchestrator.storage.event_rows import StoredEvent
from wand_orchestrator.storage.graph_names import GraphName
from wand_orchestrator.storage.graphs import GraphHead, StoredGraph, fingerprint, no_graph
from wand_orchestrator.storage.idempotency import Idempotency
from wand_orchestrator.storage.page import Page
from wand_orchestrator.storage.run_records import Run, RunHead
from wand_orchestrator.storage.store import Store

__all__ = [
    "GraphHead",
    "GraphName",
    "Idempotency",
    "Page",
    "Run",
    "RunHead",
    "Store",
    "StoredEvent",
    "StoredGraph",
    "fingerprint",
    "no_graph",
]
