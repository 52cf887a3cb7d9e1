"""A page in the browser, used as a person would, or a screen reader.

What is clicked and filled in is found by its role and its name, and the mouse and the keys are the browser's own. So a
control that is covered, disabled or not there cannot be used; and a click counts only where it has met its control, as
pages move what stands on them while they load.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.devtools import Connection, ProtocolError

PATIENCE_SEC = 60.0
POLL_SEC = 0.05
SETTLE_SEC = 1.5
"""Before a picture: fades and fonts."""

_CLICKABLE = frozenset({"button", "link", "tab", "menuitem", "checkbox", "switch"})
_OPTIONS = frozenset({"option", "menuitem", "radio"})
_FIELDS = frozenset({"textbox", "searchbox", "spinbutton", "combobox"})

_CONTROL = 2
"""The modifier of the protocol."""
_SELECT_ALL = {"modifiers": _CONTROL, "key": "a", "code": "KeyA", "windowsVirtualKeyCode": 65}

_DRAWN = "const drawn = (this.type === 'radio' && this.labels?.[0]) || this;"
"""What is seen of a control: radio buttons are drawn by their labels."""
_PLACE = f"""
async function () {{
    {_DRAWN}
    const middle = () => {{
        const box = drawn.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    }};
    drawn.scrollIntoViewIfNeeded();
    const [x, y] = middle();
    await new Promise((resume) => setTimeout(resume, 50));
    if (String(middle()) !== String([x, y])) return null;
    const seen = document.elementFromPoint(x, y);
    return seen && (drawn.contains(seen) || seen.contains(drawn)) ? [x, y] : null;
}}"""
"""Its middle in the window; null while it moves, or something covers it."""
_WATCH = f"""
function () {{
    {_DRAWN}
    const watch = (event) => {{ this.clicked = event.composedPath().includes(drawn); }};
    document.addEventListener("click", watch, {{capture: true, once: true}});
}}"""
_MET = "function () { return this.clicked === true; }"
_HAS_FOCUS = "function () { return this.contains(document.activeElement); }"


class NotThere(Exception):
    """What was waited for did not come. Says what stands on the page instead."""


@dataclass(frozen=True)
class Page:
    """What is waited for comes within PATIENCE_SEC, or NotThere is raised."""

    connection: Connection
    session: str

    async def open(self, url: str) -> None:
        await self._call("Page.navigate", url=url)

    async def before_each(self, script: str) -> None:
        """Runs in every page that is opened from now on, before its own scripts."""
        await self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    async def evaluate(self, expression: str, **options: Any) -> Any:
        found = await self._call("Runtime.evaluate", expression=expression, **options)
        return found["result"].get("value")

    async def text(self) -> str:
        """What stands on the page, and in the frames within."""
        tree = (await self._call("Page.getFrameTree"))["frameTree"]
        return "\n".join([await self._text_of(frame) for frame in (tree, *tree.get("childFrames", ()))])

    async def wait_for(self, words: str) -> None:
        """Until they stand on the page."""
        await self._until(lambda: self._reads(words), f"the words {words!r}")

    async def click(self, name: str) -> None:
        await self._until(lambda: self._clicked(name, _CLICKABLE), f"something called {name!r} to click")

    async def choose(self, name: str) -> None:
        """From a list that is open; behind the name of an option, it may be explained."""
        await self._until(lambda: self._clicked(name, _OPTIONS), f"an option {name!r}")

    async def fill(self, name: str, text: str) -> None:
        """Write `text` in place of what the field of this name holds."""
        await self._until(lambda: self._clicked(name, _FIELDS, then=_HAS_FOCUS), f"a field {name!r}")
        await self._call("Input.dispatchKeyEvent", type="rawKeyDown", commands=["selectAll"], **_SELECT_ALL)
        await self._call("Input.dispatchKeyEvent", type="keyUp", **_SELECT_ALL)
        await self._call("Input.insertText", text=text)

    async def picture(self, path: Path) -> None:
        """What is seen, as PNG."""
        await asyncio.sleep(SETTLE_SEC)
        shot = await self._call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    async def _reads(self, words: str) -> bool:
        return words in await self.text()

    async def _text_of(self, tree: dict[str, Any]) -> str:
        try:
            frame = tree["frame"]["id"]
            world = await self._call("Page.createIsolatedWorld", frameId=frame, worldName="reader")
            context = world["executionContextId"]
            return str(await self.evaluate("document.body?.innerText ?? ''", contextId=context))
        except ProtocolError:
            # It is being replaced.
            return ""

    async def _clicked(self, name: str, roles: frozenset[str], then: str = _MET) -> bool:
        """Whether one was there, and `then` held when it had been clicked."""
        for node in await self._controls(name, roles):
            try:
                control = (await self._call("DOM.resolveNode", backendNodeId=node))["object"]["objectId"]
                place = await self._ask(control, _PLACE)
                if place is not None:
                    await self._ask(control, _WATCH)
                    await self._press(*place)
                    return await self._led_on(control, then)
            except ProtocolError:
                # The page is being drawn anew.
                return False
        return False

    async def _controls(self, name: str, roles: frozenset[str]) -> list[int]:
        """Those that can be used, in the order of the page. One may count what is behind it: `Relationships 3`."""
        tree = (await self._call("Accessibility.getFullAXTree"))["nodes"]
        pattern = re.compile(re.escape(name) + (r"( .*)?" if roles is _OPTIONS else r"( \d+)?"), re.DOTALL)
        return [
            node["backendDOMNodeId"]
            for node in tree
            if node.get("role", {}).get("value") in roles
            and pattern.fullmatch(node.get("name", {}).get("value", ""))
            and not (node["ignored"] or _disabled(node))
        ]

    async def _press(self, x: float, y: float) -> None:
        await self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for type in ("mousePressed", "mouseReleased"):
            await self._call("Input.dispatchMouseEvent", type=type, x=x, y=y, button="left", clickCount=1)

    async def _led_on(self, control: str, then: str) -> bool:
        try:
            return bool(await self._ask(control, then))
        except ProtocolError:
            # To another page, which has nothing of this one.
            return True

    async def _ask(self, control: str, function: str) -> Any:
        answer = await self._call(
            "Runtime.callFunctionOn",
            objectId=control,
            functionDeclaration=function,
            awaitPromise=True,
            returnByValue=True,
        )
        return answer["result"].get("value")

    async def _until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SEC):
                while not await holds():
                    await asyncio.sleep(POLL_SEC)
        except TimeoutError:
            raise NotThere(f"waited in vain for {what}; the page reads:\n{await self.text()}") from None

    async def _call(self, method: str, **params: Any) -> dict[str, Any]:
        return await self.connection.call(method, self.session, **params)


def _disabled(node: dict[str, Any]) -> bool:
    return any(trait["name"] == "disabled" and trait["value"]["value"] for trait in node.get("properties", []))
