"""A route that takes a body of any media type, and reads it as it comes."""

from fastapi import Request

from wand_orchestrator.api.http.strict_route import StrictRoute


class BodyRoute(StrictRoute):
    """A page of another origin is kept out by the key, or without one by BrowserGuard."""

    def require_type(self, request: Request) -> None:
        """Accept whatever it is."""
