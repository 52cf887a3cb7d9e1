"""Compiled modules are kept, also where the environment forbids to write them beside their sources."""

import os
import sys
import tempfile

_FORBIDS = "PYTHONDONTWRITEBYTECODE"
_FOLDER = "PYTHONPYCACHEPREFIX"


def keep_bytecode() -> None:
    """Let this process and those that it starts keep what they compile: in a folder of its own, if the environment
    forbids it, as images of containers do.

    Otherwise each process compiles all of Wand anew, and so does the sandbox for each replay.
    """
    if not sys.dont_write_bytecode:
        return
    folder = os.path.join(tempfile.gettempdir(), f"wand-tests-bytecode-{os.getuid()}")
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ.setdefault(_FOLDER, folder)
    os.environ.pop(_FORBIDS, None)
