"""Creates, lists, changes and deletes hooks."""

from wand_orchestrator.api.hooks.models import HookPage, HookRequest, HookStored, HookView
from wand_orchestrator.api.hooks.verification import kept, new_secret
from wand_orchestrator.api.webhooks import Webhooks
from wand_orchestrator.contract.run_terms import CallerTerms
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.hook_rows import new_hook, no_hook


class HookRegistration:
    """Creates, lists, changes and deletes hooks. Every call may raise Unavailable."""

    def __init__(self, store: Store, webhooks: Webhooks) -> None:
        self._store = store
        self._webhooks = webhooks

    async def put(self, name: str, request: HookRequest) -> tuple[HookStored, bool]:
        """Store a hook; return it, and whether it is new. Raises NotFound for an unknown graph, WebhooksOff."""
        self._webhooks.require_signed(request.webhook)
        await self._store.graphs.named(None, request.graph_name, request.version)
        given = None if request.secret is None else request.secret.get_secret_value()
        made = given or new_secret(request.verification)
        wanted = new_hook(
            name,
            request.graph_name,
            request.version,
            request.verification,
            kept(request.verification, made),
            CallerTerms.model_construct(**request.said()),
            request.map,
        )
        hook, is_new = await self._store.hooks.put(wanted, keep_secret=given is None)
        shown = made if given is None and hook.secret == wanted.secret else None
        return HookStored(**HookView.fields_of(hook), secret=shown), is_new

    async def get(self, name: str) -> HookView:
        """Return a hook. Raises NotFound."""
        hook = await self._store.hooks.get(name)
        if hook is None:
            raise no_hook(name)
        return HookView(**HookView.fields_of(hook))

    async def page(self, cursor: str | None, limit: int) -> HookPage:
        page = await self._store.hooks.page(cursor, limit)
        return HookPage(hooks=[HookView(**HookView.fields_of(hook)) for hook in page.items], next=page.next)

    async def delete(self, name: str) -> None:
        """Delete a hook; the runs that it has started stay. Raises NotFound."""
        await self._store.hooks.delete(name)
