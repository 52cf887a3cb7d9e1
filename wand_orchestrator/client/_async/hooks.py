"""Calls about hooks."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from wand_orchestrator.client._async.connection import AsyncApiConnection
from wand_orchestrator.client._async.paging import entries
from wand_orchestrator.client.answers.hooks import HookPage, HookStored, HookView
from wand_orchestrator.client.run_request import given


class AsyncHookCalls:
    """Hooks: addresses at which messages of other services start runs."""

    def __init__(self, connection: AsyncApiConnection) -> None:
        self._connection = connection

    async def put(
        self,
        name: str,
        graph_name: str,
        *,
        version: int | None = None,
        verification: str | None = None,
        secret: str | None = None,
        map: Mapping[str, str] | None = None,
        input: Any = None,
        tags: Sequence[str] = (),
        webhook: Mapping[str, Any] | None = None,
    ) -> HookStored:
        """Store a hook under this name, in place of one that is there.

        `map`: input key to JMESPath over `{body, headers, query}`. The answer holds the secret if it was made here.
        """
        body = given(
            graph_name=graph_name,
            version=version,
            verification=verification,
            secret=secret,
            map=None if map is None else dict(map),
            input=input,
            tags=list(tags) or None,
            webhook=webhook,
        )
        answer = await self._connection.send("put_hook", {"name": name}, json=body)
        return HookStored.model_validate_json(answer.content)

    async def get(self, name: str) -> HookView:
        """Return a hook, without its secret. Raises NotFound."""
        return await self._connection.get(HookView, "get_hook", name=name)

    def list(self, *, limit: int | None = None) -> AsyncIterator[HookView]:
        """Iterate over hooks, newest first."""
        return entries(self._connection, HookPage, lambda page: page.hooks, "list_hooks", {}, limit)

    async def delete(self, name: str) -> None:
        """Delete a hook; the runs that it started go on."""
        await self._connection.send("delete_hook", {"name": name})
