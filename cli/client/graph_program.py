"""Loads graphs that a program of the user's builds: `module:function`, or `module:graph` for a builder itself."""

import importlib
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from wand_orchestrator.cli.processes.app_dir import find_plugins_in
from wand_orchestrator.errors import BadRequest


def built_document(source: str) -> dict[str, Any]:
    """Return the checked document. Raises BadRequest if there is no builder, BuildFaults for a graph with faults."""
    from wand_orchestrator.builder import BuilderError, GraphBuilder
    from wand_orchestrator.cli.processes.configuration import settings_with

    module, colon, name = source.partition(":")
    if not (module and colon and name):
        raise BadRequest(f"{source!r} is no place of a graph: write module:function, such as acme_graphs:digest")
    find_plugins_in(Path())
    with redirect_stdout(sys.stderr):  # standard output is the document
        try:
            found = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            raise BadRequest(f"there is no module {error.name!r} here, nor among those that are installed") from error
        except AttributeError as error:
            raise BadRequest(f"the module {module!r} has no {name!r}") from error
        graph = found() if callable(found) else found
    if not isinstance(graph, GraphBuilder):
        raise BuilderError(f"{source} gives {type(graph).__name__}: it must return a GraphBuilder, or be one")
    return graph.build(settings=settings_with())
