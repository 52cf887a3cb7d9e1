"""Encodes the page tokens of Temporal's list of schedules as cursors, with a check by which others are refused."""

import base64
import binascii
import hashlib

from wand_orchestrator.errors import BadRequest

_CHECK_BYTES = 6


def encode_cursor(token: bytes) -> str:
    """Return the cursor of a page token, in letters that need no escape in a URL."""
    return base64.urlsafe_b64encode(_check(token) + token).decode().rstrip("=")


def decode_cursor(cursor: str) -> bytes:
    """Decode a cursor. Raises BadRequest for one that no page returned."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    check, token = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if not token or check != _check(token):
        raise BadRequest("the cursor is not one that a page gave as `next`", code="bad_cursor")
    return token


def _check(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()[:_CHECK_BYTES]
