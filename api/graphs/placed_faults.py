"""Adds to the faults of a graph where they stand in the text that was posted."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from fastapi import Request

from wand_orchestrator.api.http.document_body import YAML_TYPES
from wand_orchestrator.api.http.json_body import ParsedRequest
from wand_orchestrator.graphs.text_places import places_in
from wand_orchestrator.validation import Fault


async def placed(faults: Sequence[Fault], request: Request) -> tuple[Fault, ...]:
    """Return the faults with line and column in the body of the request, which is the document that they are in."""
    if not faults or not isinstance(request, ParsedRequest):
        return tuple(faults)
    text = (await request.body()).decode()
    is_yaml = request.media_type in YAML_TYPES
    places = await asyncio.to_thread(places_in, text, {fault.pointer for fault in faults}, is_yaml=is_yaml)
    return tuple(replace(fault, **places[fault.pointer]._asdict()) for fault in faults)
