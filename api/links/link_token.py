"""Signs and reads the token in the URL of a link: what the link is for, and a signature, in base64."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime

from pydantic import BaseModel, ValidationError

_ID_BYTES = 12
_KEY_BYTES = 32
MAX_TOKEN_LENGTH = 8000


class LinkToken(BaseModel, frozen=True):
    """Contains what a link is for: a node of a run, until `expires_at` (Unix seconds). `by`: who was given it."""

    id: str
    run_id: str
    node: str
    expires_at: int
    by: str | None = None

    @property
    def expiry(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def new_token(run_id: str, node: str, seconds: int, by: str | None) -> LinkToken:
    id = secrets.token_urlsafe(_ID_BYTES)
    return LinkToken(id=id, run_id=run_id, node=node, expires_at=int(time.time()) + seconds, by=by)


def signed(token: LinkToken, key: str) -> str:
    body = _text(token.model_dump_json(exclude_none=True).encode())
    return f"{body}.{_signature(body, key)}"


def verified(text: str, key: str) -> LinkToken | None:
    """Return what a text of `signed` is for; None for any other text. The expiry is not judged."""
    body, _, signature = text.partition(".")
    if not text.isascii() or not hmac.compare_digest(signature.encode(), _signature(body, key).encode()):
        return None
    try:
        return LinkToken.model_validate_json(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValidationError, binascii.Error):  # signed by a Wand that writes another form
        return None


def _signature(body: str, key: str) -> str:
    return _text(hmac.digest(base64.b64decode(key), body.encode(), hashlib.sha256))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
