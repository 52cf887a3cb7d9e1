"""Resolves `${NAME}` in the settings of MCP servers, and remembers which values are secret."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

_REFERENCE = re.compile(r"\$\{(?:env:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
"""`${NAME}`, `${NAME:-default}`, and `${env:NAME}` as some editors write it."""

_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|auth|credential|cookie|session|signature", re.IGNORECASE)

_KNOWN_TO_ALL = frozenset({"HOME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "USER"})
"""Variables whose values are no secrets, and stand in many results, such as paths."""


class References:
    """Replaces the references in the texts of one server. `missing`: names of variables that there are not."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.missing: list[str] = []
        self.secrets: list[str] = []

    def text(self, text: str) -> str:
        """Return the text with its references replaced; they bring secrets, and so does the password of a URL."""
        resolved = _REFERENCE.sub(self._value, text)
        self._keep_passwords(resolved)
        return resolved

    def named(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return variables or headers with their references replaced; those whose names sound like it are secrets."""
        resolved = {name: self.text(value) for name, value in values.items()}
        for name, value in resolved.items():
            if _SECRET_NAME.search(name):
                self._keep(value)
                self._keep(value.rpartition(" ")[2])  # of `Bearer …`
        return resolved

    def _value(self, found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        value = self._environment.get(name) or default
        if value is None:
            if name not in self.missing:
                self.missing.append(name)
            return ""
        if name not in _KNOWN_TO_ALL:
            self._keep(value)
        return value

    def _keep_passwords(self, text: str) -> None:
        try:
            parts = urlsplit(text)
        except ValueError:
            return
        if parts.password:
            self._keep(parts.password)

    def _keep(self, value: str) -> None:
        for form in (value, quote(value, safe="")):
            if form and form not in self.secrets:
                self.secrets.append(form)
