"""What the models of `wand demo --agents` say. They read what they are asked, as the tools' results are real."""

import json
import re
from collections.abc import Callable, Mapping

from wand_orchestrator.scripted_models import Asked, ScriptedAnswer, ScriptedCall

WORDS_SEC = 0.04
"""Between two pieces of the report, so that it can be watched."""

QUESTIONS = {
    "What happens when a worker crashes?": "temporal.txt",
    "What does it cost to wait for a person?": "approvals.txt",
    "How is money bounded when agents work side by side?": "budgets.txt",
}
"""With the page that answers each; the planner leaves the last one to the critic."""

_URL = re.compile(r"https?://[^\s,]+")


def answer(asked: Asked) -> ScriptedAnswer:
    """Return what the member of the team says whose instructions are in the request."""
    for instructions, says in _TEAM.items():
        if instructions in asked.instructions:
            return says(asked)
    return ScriptedAnswer(fault="bad_request", echo="nobody in the team has these instructions")


def _plan(_: Asked) -> ScriptedAnswer:
    return _structured({"questions": list(QUESTIONS)[:2]})


def _research(asked: Asked) -> ScriptedAnswer:
    question = next(question for question in QUESTIONS if question in asked.prompt)
    page = QUESTIONS[question]
    if not asked.results:
        url = next(url for url in _URL.findall(asked.prompt) if url.endswith(page))
        return ScriptedAnswer(text=f"I read {page}.", calls=(ScriptedCall(name="http_fetch", arguments={"url": url}),))
    return ScriptedAnswer(text=f"- {json.loads(asked.results[-1].text)['body']} [{page}]")


def _criticize(_: Asked) -> ScriptedAnswer:
    return _structured({"verdict": "Nobody has looked at money.", "missing": list(QUESTIONS)[2:]})


def _write(asked: Asked) -> ScriptedAnswer:
    topic, _, notes = asked.prompt.partition("\nNotes:\n")
    title = topic.removeprefix("Topic: ")
    return ScriptedAnswer(text=f"# {title}\n\n{notes}", piece=8, piece_sec=WORDS_SEC)


def _structured(value: object) -> ScriptedAnswer:
    return ScriptedAnswer(text=json.dumps(value))


_TEAM: Mapping[str, Callable[[Asked], ScriptedAnswer]] = {
    "You plan research.": _plan,
    "You research.": _research,
    "You criticize research.": _criticize,
    "You write short reports.": _write,
}
