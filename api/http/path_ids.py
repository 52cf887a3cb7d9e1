"""Handles ids with a slash in paths, which runs and schedules may have that the API did not create.

A server decodes a path before it is routed, so that `/runs/a%2Fb` cannot be told from `/runs/a/b`. Here the segment of
the id goes back to a form without a slash, which `decoded_id` undoes in the route's parameter.
"""

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_COLLECTIONS = ("runs", "schedules")


class EncodedIds:
    """Keeps the id after a collection in one segment of the path; the rest of the path stays decoded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and b"%" in scope.get("raw_path", b""):
            scope = {**scope, "path": _with_encoded_id(scope["raw_path"].decode("latin-1"), scope)}
        await self._app(scope, receive, send)


def decoded_id(segment: str) -> str:
    """Return the id of a path segment that `EncodedIds` has passed on."""
    return segment.replace("%2F", "/").replace("%25", "%")


def _with_encoded_id(raw_path: str, scope: Scope) -> str:
    root = scope.get("root_path", "")
    root = root if raw_path.startswith(f"{root}/") else ""
    beginning, collection, *rest = raw_path.removeprefix(root).split("/", 3)
    if beginning or collection not in _COLLECTIONS or not rest:
        return str(scope["path"])
    id, *others = rest
    encoded = unquote(id).replace("%", "%25").replace("/", "%2F")
    return root + "/".join(["", collection, encoded, *map(unquote, others)])
