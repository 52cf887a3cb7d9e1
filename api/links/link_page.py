"""Builds the pages of a link, for browsers: without scripts, and with nothing from other servers."""

from html import escape

from starlette.responses import HTMLResponse, Response

from wand_orchestrator.api.links.answer_form import fields_of
from wand_orchestrator.api.links.models import LinkQuestion

PRIVATE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every answer to a link: nobody keeps it, and its URL is told to no other site."""

_PAGE_HEADERS = PRIVATE_HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}h1{font-size:1.25rem;white-space:pre-wrap;overflow-wrap:anywhere}"
    "label{display:block;margin:1rem 0}"
    "small{display:block;color:#555}input,select,textarea{display:block;width:100%;box-sizing:border-box;font:inherit;"
    "padding:.4rem}button{font:inherit;padding:.5rem 1.5rem}p.refused{color:#a40000}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}small{color:#aaa}p.refused{color:#ff8a80}}"
)


def question_page(question: LinkQuestion, *, refused: str | None = None, status: int = 200) -> Response:
    """Return the form of a question; `refused`: why the last answer was not accepted."""
    fields = "".join(field.html for field in fields_of(question.answer_schema))
    complaint = "" if refused is None else f'<p class="refused" role="alert">{escape(refused)}</p>'
    until = escape(question.expires_at.strftime("%Y-%m-%d %H:%M UTC"))
    form = f'<form method="post">{fields}<button>Answer</button></form>'
    return _page(
        question.prompt, f"{complaint}{form}<p><small>Can be answered once, until {until}.</small></p>", status
    )


def said_page(title: str, status: int) -> Response:
    return _page(title, "", status)


def _page(title: str, content: str, status: int) -> Response:
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title[:80])}</title>'
    )
    body = f"<h1>{escape(title)}</h1>{content}"
    html = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>'
    return HTMLResponse(html, status_code=status, headers=_PAGE_HEADERS)
