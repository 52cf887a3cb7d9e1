"""Serves the page at `/`, and its files under `/page`."""

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import wand_orchestrator
from wand_orchestrator.api.page.policy import HEADERS
from wand_orchestrator.api.page.preloads import modules_of

FILES = "/page"
FOLDER = (Path(wand_orchestrator.__file__).parent / "web").resolve()

_FIRST = ("main.js", "runs/runs.js")
"""What is shown first."""


class PageFiles(StaticFiles):
    """Serves the files of the page with the headers of its policy."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if "node_modules" in path:  # of a checkout; no release has any
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def add_page(app: FastAPI) -> None:
    """Add the page to the application. A program that asks for `/` gets JSON that says where the API is described."""

    def page(request: Request) -> Response:
        if wants_html(request.headers):
            return HTMLResponse(index(), headers={**HEADERS, "Vary": "Accept"})
        about = {"name": app.title, "version": app.version, "docs": "/docs", "openapi": app.openapi_url}
        return JSONResponse(about, headers={"Vary": "Accept"})

    app.mount(FILES, GZipMiddleware(PageFiles(directory=FOLDER)), name="files of the page")
    app.add_api_route("/", page, include_in_schema=False)


def wants_html(headers: Headers) -> bool:
    """Return whether the caller names HTML among what it accepts, as browsers do."""
    return "text/html" in headers.get("accept", "")


def index() -> str:
    """Return the page's document, in which a browser finds all modules of the first view."""
    links = (f'<link rel="modulepreload" href="{FILES}/{module}">' for module in modules_of(FOLDER, *_FIRST))
    return (FOLDER / "index.html").read_text("utf-8").replace("<!-- preload -->", "\n    ".join(links))
