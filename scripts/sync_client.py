"""Makes the client without asyncio, `client/_sync/`, from `client/_async/`."""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "wand_orchestrator" / "client"
FROM, TO = CLIENT / "_async", CLIENT / "_sync"

FIRST_PARTY = "lint.isort.known-first-party = ['wand_orchestrator']"
"""Ruff finds out by itself only of modules that are there."""

FIRST = '''"""The client without asyncio. `scripts/sync_client.py` makes these modules from `client/_async/`."""\n'''

REPLACED = (
    (r"asyncio\.to_thread\(([\w.]+), ", r"\1("),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\bimport asyncio\n(?=(?:.*\n)*import time\n)", ""),
    (r"\bimport asyncio\b", "import time"),
    (r"AsyncGenerator\[(.+), None\]", r"Generator[\1, None, None]"),
    (r"\b(__a)(enter|exit|iter|next)__", r"__\2__"),
    (r"\b(async|await) ", ""),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\baclosing\b", "closing"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_bytes\b", "iter_bytes"),
    (r"\b_async\b", "_sync"),
    (r"\bAsync(?=[A-Z])", ""),
)


def without_asyncio(source: str) -> str:
    """Return the source of a module of `_async` as it is in `_sync`, but for its format."""
    for pattern, replacement in REPLACED:
        source = re.sub(pattern, replacement, source)
    return source


def made() -> dict[str, str]:
    """Return every module of `_sync` by its file name."""
    with TemporaryDirectory() as folder:
        for path in FROM.glob("*.py"):
            (Path(folder) / path.name).write_text(without_asyncio(path.read_text()))
        (Path(folder) / "__init__.py").write_text(FIRST)
        for command in (["check", "--select", "I,F401", "--config", FIRST_PARTY, "--fix"], ["format"]):
            options = ["--quiet", "--no-cache", "--config", str(ROOT / "pyproject.toml")]
            subprocess.run([sys.executable, "-m", "ruff", *command, *options, folder], check=True)
        return {path.name: path.read_text() for path in Path(folder).glob("*.py")}


def main() -> None:
    wanted = made()
    TO.mkdir(exist_ok=True)
    for path in TO.glob("*.py"):
        path.unlink()
    for name, source in wanted.items():
        (TO / name).write_text(source)


if __name__ == "__main__":
    main()
