"""A worker of somebody else's: plain Temporal, in no way bound to give what Wand expects."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.converter import default
from temporalio.worker import Worker

TYPE = "foreign.agent"


@dataclass
class Foreign:
    """`answer`: makes what the next activities give, or raises; `calls`: what they were called with."""

    queue: str
    answer: Callable[[], Any]
    calls: list[RawValue]

    def node(self, id: str = "a", **rest: Any) -> dict[str, Any]:
        return {"id": id, "type": TYPE, "queue": self.queue, "retries": 0, **rest}

    def gives(self, value: Any) -> None:
        self.answer = lambda: value

    def gives_bytes(self, data: bytes, encoding: str = "json/plain") -> None:
        self.gives(raw(data, encoding))

    def raises(self, error: Exception) -> None:
        def fail() -> Any:
            raise error

        self.answer = fail


def raw(data: bytes, encoding: str = "json/plain") -> RawValue:
    """A result, or a detail of an error, that goes on its way as these bytes."""
    return RawValue(Payload(metadata={"encoding": encoding.encode()}, data=data))


@asynccontextmanager
async def foreign_worker(client: Client) -> AsyncIterator[Foreign]:
    foreign = Foreign(f"foreign-{uuid.uuid4().hex}", lambda: None, [])

    @activity.defn(name=TYPE)
    async def run(call: RawValue) -> Any:
        foreign.calls.append(call)
        return foreign.answer()

    config = client.config()
    config["data_converter"] = default()
    async with Worker(Client(**config), task_queue=foreign.queue, activities=[run]):
        yield foreign
