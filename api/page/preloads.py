"""Finds the modules that the page needs at once, so that a browser asks for them together and not one after another."""

import re
from pathlib import Path

_IMPORT = re.compile(r"""^(?:import|export)\b[^;'"]*?["'](\.{1,2}/[^"']+)["'];""", re.MULTILINE)


def modules_of(folder: Path, *starts: str) -> list[str]:
    """Return the paths in `folder` of these modules and all that they import, directly or not; what they load later
    (`import()`) is not among them.
    """
    found: dict[Path, None] = {}
    waiting = [folder / start for start in starts]
    while waiting:
        module = waiting.pop(0)
        if module in found:
            continue
        found[module] = None
        waiting += [(module.parent / path).resolve() for path in _IMPORT.findall(module.read_text("utf-8"))]
    return [module.relative_to(folder).as_posix() for module in found]
