"""Finds the API and its key: given, or in the environment."""

import os

from wand_orchestrator.errors import ConfigurationError


def address_of(url: str | None) -> str:
    """Return `url`, else WAND_URL, else where `wand dev` listens by WAND_HOST and WAND_PORT."""
    host, port = os.environ.get("WAND_HOST") or "127.0.0.1", os.environ.get("WAND_PORT") or "8000"
    return url or os.environ.get("WAND_URL") or f"http://{f'[{host}]' if ':' in host else host}:{port}"


def key_headers(api_key: str | None) -> dict[str, str]:
    """Return the header with `api_key`, else WAND_API_KEY, if there is one. Raises ConfigurationError."""
    key = api_key or os.environ.get("WAND_API_KEY")
    if key and not (key.isascii() and key.isprintable()):
        raise ConfigurationError("the API key has characters that cannot be sent in a header")
    return {"X-API-Key": key} if key else {}
