"""Which methods there are at a path: of all routes that match it, where the router asks only the first."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed_methods(app: FastAPI, path: str) -> str:
    """The value of `Allow` (RFC 9110, 10.2.1); HEAD goes with GET."""
    methods = {"OPTIONS"}
    for route in iter_route_contexts(app.router.routes):
        place = getattr(route, "path", None)
        if place is not None and compile_path(place)[0].match(path):
            methods |= getattr(route, "methods", None) or set()
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))
