"""Verifies messages to hooks: by a signature after Standard Webhooks, or by a token.

What is compared takes the same time however much of it is right, and a hook that does not exist is compared as well.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from wand_orchestrator.contract.webhook_signature import PREFIX, is_signed, signing_keys
from wand_orchestrator.storage.hook_rows import Hook, Verification

TOLERANCE_SEC = 300
"""Between the moment of a signature and now; as the specification has it."""

TOKEN_HEADER = "x-hook-token"
SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "webhook-signature", "x-api-key", TOKEN_HEADER}
)
"""What no run is given."""

_KEY_BYTES = 32
_TOKEN = re.compile(r"[!-~]{24,500}", re.ASCII)
_NOBODY = hashlib.sha256(secrets.token_bytes(_KEY_BYTES)).hexdigest()


def new_secret(verification: Verification) -> str:
    if verification == "token":
        return secrets.token_urlsafe(_KEY_BYTES)
    return PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def check_secret(verification: Verification, secret: str) -> None:
    """Check that the secret is usable. Raises ValueError, which does not repeat the secret."""
    if verification == "signature" and not signing_keys(secret):
        raise ValueError("the secret is empty")
    if verification == "token" and not _TOKEN.fullmatch(secret):
        raise ValueError("a token has 24 to 500 printable ASCII characters, and no blanks")


def kept(verification: Verification, secret: str) -> str:
    """Return what is stored of the secret: the hash of a token, or the key that checks signatures."""
    return secret if verification == "signature" else hashlib.sha256(secret.encode()).hexdigest()


def is_genuine(hook: Hook | None, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Return whether the sender of the message knows the secret of the hook. `headers`: by their lower-case names."""
    if hook is not None and hook.verification == "signature":
        return _is_fresh(headers.get("webhook-timestamp", ""), now) and is_signed(
            signing_keys(hook.secret),
            headers.get("webhook-id", ""),
            headers.get("webhook-timestamp", ""),
            body,
            headers.get("webhook-signature", ""),
        )
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    token = headers.get(TOKEN_HEADER) or (bearer.strip() if scheme.lower() == "bearer" else "")
    given = hashlib.sha256(token.encode("latin-1", "replace")).hexdigest()
    return hmac.compare_digest(given, _NOBODY if hook is None else hook.secret) and hook is not None


def _is_fresh(timestamp: str, now: float) -> bool:
    return (
        timestamp.isascii()
        and timestamp.isdecimal()
        and len(timestamp) < 20
        and (abs(now - int(timestamp)) <= TOLERANCE_SEC)
    )
