"""Creates links, shows what they ask, and accepts their answers.

A link is signed and not stored: only that it has been used is. What it asks is read from the run each time.
"""

import hashlib
import time
from typing import Any

from pydantic_core import to_json

from wand_orchestrator.api.links.link_token import LinkToken, new_key, new_token, signed, verified
from wand_orchestrator.api.links.models import LinkQuestion
from wand_orchestrator.api.runs.node_questions import AskedNode, NodeQuestions
from wand_orchestrator.api.runs.run_steering import Steering
from wand_orchestrator.contract.steering import SentEvent
from wand_orchestrator.errors import NotFound, Unavailable, WandError
from wand_orchestrator.storage import Store

SECRET = "links"


class LinkGone(WandError):
    """The link has been used, or has expired."""

    code = "link_used"
    status = 410


class AnswerLinks:
    def __init__(self, store: Store, questions: NodeQuestions, steering: Steering) -> None:
        self._store = store
        self._questions = questions
        self._steering = steering
        self._key: str | None = None

    async def make(self, run_id: str, node: str, seconds: int, by: str | None) -> tuple[LinkToken, str]:
        """Return a new link for the node, and its token as text.

        Raises NotFound, Conflict for a node that can not be answered any more or never, Unavailable.
        """
        await self._questions.require_answerable(run_id, node)
        token = new_token(run_id, node, seconds, by)
        return token, signed(token, await self._signing_key())

    async def question(self, text: str) -> LinkQuestion:
        """Return what the link asks. Raises NotFound, LinkGone, Conflict, Unavailable."""
        token = await self._read(text)
        if await self._store.links.is_used(token.id):
            raise _used()
        asked = await self._questions.asked(token.run_id, token.node)
        return LinkQuestion(
            node=token.node,
            event=asked.event,
            prompt=asked.prompt,
            answer_schema=asked.answer_schema,
            expires_at=token.expiry,
        )

    async def answer(self, text: str, answer: Any) -> str:
        """Answer the node and return its id; the link is used up unless the answer is refused.

        Raises NotFound, LinkGone, Conflict, AnswerInvalid, EventInvalid, TooLarge, Unavailable.
        """
        token = await self._read(text)
        if await self._store.links.is_used(token.id):
            raise _used()
        asked = await self._questions.asked(token.run_id, token.node)
        if asked.event is None:
            await self._respond(token, asked, answer)
        else:
            await self._send(token, asked.run_id, SentEvent(name=asked.event, data=answer))
        return token.node

    async def _respond(self, token: LinkToken, asked: AskedNode, answer: Any) -> None:
        # Where nobody knows whether it was done, the same answer may be given again: it is the same update to Temporal.
        update = f"link-{token.id}-{hashlib.sha256(to_json(answer)).hexdigest()[:20]}"
        await self._claim(token)
        try:
            await self._steering.respond(asked.run_id, asked.node, answer, token.by, update_id=update)
        except WandError:
            await self._store.links.release(token.id)
            raise

    async def _send(self, token: LinkToken, run_id: str, event: SentEvent) -> None:
        budget = await self._steering.admit_event(run_id, event)
        await self._claim(token)
        try:
            await self._steering.deliver_event(run_id, event, budget)
        except Unavailable:  # it may have been sent: once at most
            raise
        except WandError:
            await self._store.links.release(token.id)
            raise

    async def _claim(self, token: LinkToken) -> None:
        if not await self._store.links.claim(token.id, token.expiry):
            raise _used()

    async def _read(self, text: str) -> LinkToken:
        token = verified(text, await self._signing_key())
        if token is None:
            raise NotFound("there is no such link: it has to be opened exactly as it was given", code="link_not_found")
        if token.expires_at <= time.time():
            raise LinkGone("the link has expired: ask whoever gave it for a new one", code="link_expired")
        return token

    async def _signing_key(self) -> str:
        if self._key is None:
            self._key = await self._store.secrets.get(SECRET, new_key)
        return self._key


def _used() -> LinkGone:
    return LinkGone("the link has been used: each answers once")
