"""`wand`, and `python -m wand_orchestrator`.

The rooms `workflows`, `activities`, `testing`, `api` and `cli` stand at the root of a checkout and are imported under
this package by symbolic links. A checkout that was made without links (Git on Windows writes small text files instead)
cannot import them, so this module, which imports none of them before it has looked, reports that in one sentence.
"""

import signal
import sys
from pathlib import Path

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as behind `nohup`
    # Importing the rest takes a moment. Until the command takes over, Ctrl-C ends the process without a trace.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

ROOMS = ("workflows", "activities", "testing", "api", "cli")


def missing_rooms(package: Path = Path(__file__).parent) -> list[str]:
    """Return the rooms that are not folders in `package`."""
    return [room for room in ROOMS if not (package / room).is_dir()]


def main() -> None:
    """Run the `wand` command; exit status 2 if this checkout lacks its links."""
    if missing := missing_rooms():
        sys.exit(_without_links(missing))
    from wand_orchestrator.cli.processes.garbage import import_at_leisure

    import_at_leisure()
    from wand_orchestrator.cli.main import main as wand

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    wand()


def _without_links(missing: list[str]) -> int:
    names = ", ".join(f"wand_orchestrator/{room}" for room in missing)
    print(  # noqa: T201 — nothing that prints can be imported here
        f"wand: {names}: no such folder. This checkout lacks its symbolic links: run `git config core.symlinks true` "
        "and `git checkout -- wand_orchestrator`, or install a wheel of wand-orchestrator instead.",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    main()
