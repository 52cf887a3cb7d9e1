"""Keeps secrets out of the texts of errors, which may quote a URL, a header or a connection string."""

import re
from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from wand_orchestrator.settings import Settings

HIDDEN = "***"
SHORTEST = 6
"""Characters. A shorter secret stands in too many other words to be looked for."""

_CREDENTIALS = re.compile(r"://[^/@\s]{1,1000}@")
_QUERY = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s?\"'<>]{1,2000})\?[^\s\"'<>]+", re.IGNORECASE)
_NAMED = re.compile(
    r"(\b[\w-]{0,40}(?:token|secret|password|passwd|pwd|passphrase|credentials?|authorization|signature|cookie"
    r"|(?:api|access|secret|private)[_-]?key)\\?[\"']?\s{0,3}[=:]\s{0,3}\\?)"
    r"(?:([\"'])(?:(?!\2).){1,2000}(?=\2)|[\"']?(?:(?:bearer|basic)\s+)?[^\s\"'&,;]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s{1,3}[\w.~+/=-]{16,}", re.IGNORECASE)
"""A header's value without its name. Shorter words follow these two in plain sentences."""


class Mask:
    """Replaces secrets by `***`: the given ones, and credentials in URLs."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(rf"(?<!\w){re.escape(secret)}(?!\w)" for secret in known)) if known else None

    @classmethod
    def of(cls, settings: Settings, *more: str) -> Self:
        """Return a mask of all secrets that the settings hold, and of `more`."""
        secrets = [*more]
        secrets += [secret.get_secret_value() for secret in (settings.api_key, settings.webhook_secret) if secret]
        for url in (settings.database_url, settings.artifacts_url, settings.payloads_url):
            secrets += _passwords(url)
        return cls(secrets)

    def text(self, text: str) -> str:
        """Mask a text that was written for readers."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return _CREDENTIALS.sub(f"://{HIDDEN}@", text)

    def foreign_text(self, text: str) -> str:
        """Mask a text that nobody chose to show: also the queries of URLs, which may be signed, and values behind a
        name such as `token=` or behind `Bearer`.
        """
        named = _NAMED.sub(rf"\g<1>\g<2>{HIDDEN}", _QUERY.sub(rf"\g<1>?{HIDDEN}", self.text(text)))
        return _BEARER.sub(rf"\g<1> {HIDDEN}", named)

    def json(self, value: Any) -> Any:
        """Return a JSON value with its texts masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.json(member) for key, member in value.items()}
        return [self.json(member) for member in value] if isinstance(value, list) else value


def _passwords(url: str | None) -> list[str]:
    try:
        password = urlsplit(url or "").password or ""
    except ValueError:
        return []
    return [password, unquote(password)]
