"""Signatures of webhooks: HMAC-SHA256 after the Standard Webhooks specification, version `v1`."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
MOST_SIGNATURES = 20
"""Of one message that are looked at."""


def signing_keys(secrets: str) -> tuple[bytes, ...]:
    """Return the keys of one or several secrets, separated by white space.

    Raises ValueError, which does not repeat them.
    """
    return tuple(_key(secret) for secret in secrets.split())


def signature(keys: Sequence[bytes], id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature` with one signature for each key. `timestamp`: Unix seconds of
    the attempt.
    """
    signed = f"{id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def is_signed(keys: Sequence[bytes], id: str, timestamp: str, body: bytes, given: str) -> bool:
    """Return whether `given`, the header `webhook-signature`, has a signature of one of these keys.

    It takes the same time however much of a signature is right. The timestamp is not judged.
    """
    if not (id and timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > 19 or not given.isascii():
        return False
    expected = signature(keys, id, int(timestamp), body).split()
    found = [hmac.compare_digest(one, other) for one in expected for other in given.split()[:MOST_SIGNATURES]]
    return any(found)


def _key(secret: str) -> bytes:
    form = f"a secret is {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} random bytes in base64"
    if not secret.startswith(PREFIX):
        raise ValueError(form)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(form) from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(form)
    return key
