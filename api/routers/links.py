"""Routes of links, which are opened and answered without an API key."""

from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from wand_orchestrator.api.http.json_body import BodyLimit, read_body
from wand_orchestrator.api.http.problems import declared, problem_of
from wand_orchestrator.api.links.link_page import PRIVATE_HEADERS, question_page, said_page
from wand_orchestrator.api.links.link_token import MAX_TOKEN_LENGTH
from wand_orchestrator.api.links.models import LinkAnswer, LinkAnswered, LinkQuestion
from wand_orchestrator.api.links.written_answer import MAX_ANSWER_BYTES, is_form, written_answer
from wand_orchestrator.api.services import Services, ServicesDep
from wand_orchestrator.errors import WandError

router = APIRouter(prefix="/links", tags=["links"], responses=declared(404, 409, 410, 503))
"""Open to everybody: what a link is for is signed."""

TokenPath = Annotated[str, Path(max_length=MAX_TOKEN_LENGTH, description="As in the `url` of the link.")]

_PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
_QUESTION: dict[int | str, dict[str, Any]] = {200: {"content": _PAGE}}
_ANSWER: dict[str, Any] = {
    "requestBody": {
        "description": "The answer as JSON; the page of the link sends it as a form.",
        "required": True,
        "content": {
            "application/json": {"schema": LinkAnswer.model_json_schema()},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}


@router.get("/{token}", response_model=LinkQuestion, responses=_QUESTION)
async def open_link(token: TokenPath, request: Request, services: ServicesDep) -> Response:
    """Show what a link asks: as JSON, or to a browser as a form. That does not use it up."""
    try:
        question = await services.links.question(token)
    except WandError as error:
        return _refusal(request, error)
    if _wants_page(request):
        return question_page(question)
    return _json(question.model_dump_json(by_alias=True))


@router.post(
    "/{token}",
    response_model=LinkAnswered,
    responses=_QUESTION | declared(400, 408, 413, 415, 422),
    openapi_extra=_ANSWER,
)
async def answer_link(token: TokenPath, request: Request, services: ServicesDep) -> Response:
    """Answer what a link asks. An answer that is refused does not use it up."""
    try:
        node = await _answered(token, request, services)
    except WandError as error:
        return await _asked_again(token, request, services, error)
    if _wants_page(request):
        return said_page("Thank you: your answer has been taken.", 200)
    return _json(LinkAnswered(node=node).model_dump_json())


async def _answered(token: str, request: Request, services: Services) -> str:
    question = await services.links.question(token)
    async with AsyncExitStack() as places:
        limit = BodyLimit(MAX_ANSWER_BYTES, "the limit of an answer", request.app.state.messages)
        body = await read_body(request, places, limit)
        return await services.links.answer(token, written_answer(request, body, question.answer_schema))


async def _asked_again(token: str, request: Request, services: Services, error: WandError) -> Response:
    """Return the form again with the reason, if a person's answer was refused; else the problem."""
    if not (_wants_page(request) and is_form(request) and error.status in (400, 413, 422)):
        return _refusal(request, error)
    try:
        question = await services.links.question(token)
    except WandError as later:
        return _refusal(request, later)
    return question_page(question, refused=error.message, status=error.status)


def _refusal(request: Request, error: WandError) -> Response:
    if _wants_page(request):
        return said_page(f"{error.message[:1].upper()}{error.message[1:]}.", error.status)
    answer = problem_of(error)
    answer.headers.update(PRIVATE_HEADERS)
    return answer


def _json(text: str) -> Response:
    return Response(text, media_type="application/json", headers=PRIVATE_HEADERS)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
