"""Finds the methods of a path over all matching routes, where the router considers only the first."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed_methods(app: FastAPI, path: str) -> str:
    """Return the value of `Allow` (RFC 9110, 10.2.1); GET includes HEAD."""
    methods = {"OPTIONS"}
    for route in iter_route_contexts(app.router.routes):
        place = getattr(route, "path", None)
        if place is not None and compile_path(place)[0].match(path):
            methods |= getattr(route, "methods", None) or set()
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))
