"""Defines a route that accepts a body of any media type, and reads it while it arrives."""

from fastapi import Request

from wand_orchestrator.api.http.strict_route import StrictRoute


class BodyRoute(StrictRoute):
    """A route with any body. Pages of other origins are kept out by the key or, without one, by BrowserGuard."""

    def require_type(self, request: Request) -> None:
        """Accept any media type."""
