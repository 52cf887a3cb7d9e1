"""The paths of clicks that docs/operate.md describes, and one who follows them.

Web UI: *click this* → *write in this field*: `this` → `choose this`
"""

import re
import string
from dataclasses import dataclass
from enum import Enum, auto

from scripts.page import Page

_PATH = re.compile(r"^Web UI: (.+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"\*([^*]+)\*:\s+`([^`]+)`|\*([^*]+)\*|`([^`]+)`")
_ANYWHERE = frozenset({"Workflows", "Schedules"})


class Kind(Enum):
    CLICK = auto()
    FILL = auto()
    CHOOSE = auto()


@dataclass(frozen=True)
class Step:
    kind: Kind
    name: str
    text: str = ""


def paths(text: str) -> list[tuple[Step, ...]]:
    """Those of a section of the page."""
    return [tuple(_step(*found) for found in _STEP.findall(path.replace("\n", " "))) for path in _PATH.findall(text)]


def _step(field: str, text: str, control: str, choice: str) -> Step:
    if field:
        return Step(Kind.FILL, field, text)
    return Step(Kind.CLICK, control) if control else Step(Kind.CHOOSE, choice)


async def follow(page: Page, ui_url: str, path: tuple[Step, ...], **variables: str) -> None:
    """From the page of the run `RUN`, or from the first page if the path begins with where to go."""
    anywhere = path[0].name in _ANYWHERE
    await page.open(ui_url if anywhere else f"{ui_url}/namespaces/default/workflows/{variables['RUN']}")
    for step in path:
        name = string.Template(step.name).substitute(variables)
        match step.kind:
            case Kind.CLICK:
                await page.click(name)
            case Kind.FILL:
                await page.fill(name, string.Template(step.text).substitute(variables))
            case Kind.CHOOSE:
                await page.choose(name)
