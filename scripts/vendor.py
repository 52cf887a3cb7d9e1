"""Copies the libraries of the page out of `web/node_modules` into `web/vendor`: `make vendor`.

A browser resolves no bare names such as `preact` without an import map, which a strict content security policy does not
allow in the page. So the names that a library imports are replaced by paths; nothing else of it is changed.
`vendored.json` tells of each file where it comes from, its licence, and the checksums before and after.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEB = Path(__file__).parents[1] / "web"
MODULES = WEB / "node_modules"
VENDOR = WEB / "vendor"


@dataclass(frozen=True)
class Library:
    """A file of a package, and the types that it has."""

    name: str
    package: str
    file: str
    types: str
    licence: str


LIBRARIES = (
    Library("preact", "preact", "dist/preact.mjs", "preact", "LICENSE"),
    Library("hooks", "preact", "hooks/dist/hooks.mjs", "preact/hooks", "LICENSE"),
    Library("htm", "htm", "dist/htm.mjs", "htm", "LICENSE"),
    Library("dagre", "@dagrejs/dagre", "dist/dagre.esm.js", "@dagrejs/dagre", "LICENSE"),
)
_PATHS = {"preact": "./preact.js"}
_SOURCE_MAP = re.compile(r"\n//# sourceMappingURL=\S+\s*\Z")


def vendored(original: str) -> str:
    """Return the text of a library's file as the page serves it."""
    for name, path in _PATHS.items():
        original = original.replace(f'from"{name}"', f'from"{path}"')
    return _SOURCE_MAP.sub("\n", original)


def main() -> None:
    VENDOR.mkdir(exist_ok=True)
    entries = [_copy(library) for library in LIBRARIES]
    (VENDOR / "vendored.json").write_text(json.dumps(entries, indent=2) + "\n")


def _copy(library: Library) -> dict[str, Any]:
    folder = MODULES / library.package
    about = json.loads((folder / "package.json").read_text())
    original = (folder / library.file).read_text()
    text = vendored(original)
    (VENDOR / f"{library.name}.js").write_text(text)
    (VENDOR / f"{library.name}.d.ts").write_text(_types(library))
    licence = f"{library.package.rpartition('/')[2]}.LICENSE"
    (VENDOR / licence).write_text((folder / library.licence).read_text())
    return {
        "file": f"{library.name}.js",
        "package": library.package,
        "version": about["version"],
        "licence": about["license"],
        "licence_file": licence,
        "source": library.file,
        "source_sha256": _sha256(original),
        "sha256": _sha256(text),
    }


def _types(library: Library) -> str:
    default = f'export {{ default }} from "{library.types}";\n' if library.name in ("htm", "dagre") else ""
    return f'export * from "{library.types}";\n{default}'


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    main()
