"""The Python client of the API: `Wand`, and `AsyncWand` for asyncio.

    with Wand() as wand:
        run = wand.run_and_wait("report", input={"topic": "rivers"})
        print(run.outputs)

What the API refuses is raised as the exceptions of `wand_orchestrator.errors`.
"""

from typing import TYPE_CHECKING

from wand_orchestrator._lazy_names import lazy_names

if TYPE_CHECKING:
    from wand_orchestrator.client._async.event_stream import AsyncRunStream
    from wand_orchestrator.client._async.wand import AsyncWand
    from wand_orchestrator.client._sync.event_stream import RunStream
    from wand_orchestrator.client._sync.wand import Wand
    from wand_orchestrator.client.node_texts import Delta, NodeTexts
    from wand_orchestrator.client.problem_errors import Refused
    from wand_orchestrator.client.run_errors import RunFailed, WaitTimeout
    from wand_orchestrator.client.run_event import RunEvent

__all__ = [
    "AsyncRunStream",
    "AsyncWand",
    "Delta",
    "NodeTexts",
    "Refused",
    "RunEvent",
    "RunFailed",
    "RunStream",
    "WaitTimeout",
    "Wand",
]

_MODULES = {
    "_async.event_stream": ("AsyncRunStream",),
    "_async.wand": ("AsyncWand",),
    "_sync.event_stream": ("RunStream",),
    "_sync.wand": ("Wand",),
    "problem_errors": ("Refused",),
    "run_errors": ("RunFailed", "WaitTimeout"),
    "run_event": ("RunEvent",),
    "node_texts": ("Delta", "NodeTexts"),
}


__getattr__ = lazy_names(__name__, globals(), _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
