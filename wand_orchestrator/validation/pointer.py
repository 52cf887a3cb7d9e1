"""JSON pointers (RFC 6901): where in a document something is wrong."""

from collections.abc import Sequence

Part = str | int
Path = Sequence[Part]


def pointer(path: Path) -> str:
    """`("nodes", 0, "a/b")` is `/nodes/0/a~1b`; the document itself is the empty text."""
    return "".join(f"/{escaped(part)}" for part in path)


def escaped(part: Part) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def label(path: Path) -> str:
    """The last key of a path with the indexes behind it, as a sentence names it: `` `sinks[1]` ``."""
    name = ""
    for part in reversed(path):
        if isinstance(part, str):
            return f"`{part if len(part) <= 80 else part[:79] + '…'}{name}`"
        name = f"[{part}]{name}"
    return f"`{name}`" if name else "the document"
