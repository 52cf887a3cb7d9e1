"""Builds JSON pointers (RFC 6901), which name places in a document."""

from collections.abc import Sequence

Part = str | int
Path = Sequence[Part]


def pointer(path: Path) -> str:
    """Return the pointer of a path: `/nodes/0/a~1b` for `("nodes", 0, "a/b")`; empty for the document itself."""
    return "".join(f"/{escaped(part)}" for part in path)


def escaped(part: Part) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def label(path: Path) -> str:
    """Return the last key of a path with the indexes behind it, as a sentence names it: `` `sinks[1]` ``."""
    name = ""
    for part in reversed(path):
        if isinstance(part, str):
            return f"`{part if len(part) <= 80 else part[:79] + '…'}{name}`"
        name = f"[{part}]{name}"
    return f"`{name}`" if name else "the document"
