"""Runs a private PostgreSQL server with default settings, safe ones included: a free port on loopback, a folder of its
own.

Imported by scripts in foreign environments: the standard library only.
"""

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.peers.local_server import connect, free_ports, running, wait_until_answered

ROOT = Path(__file__).parents[2]
USER = "bench"
START_SEC = 30.0


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Yield the URL of the database `postgres`. Raises CalledProcessError if there is no PostgreSQL; the script's
    output explains how to install it.
    """
    found = subprocess.run([ROOT / "scripts" / "ensure-postgres"], check=True, capture_output=True, text=True)
    programs, account, (port,) = Path(found.stdout.strip()), _account(), free_ports(1)
    data = folder / "postgres"
    data.mkdir()
    if account is not None:
        os.chown(data, account, -1)
        _let_through(folder)
    initialise = [str(programs / "initdb"), "--auth=trust", f"--username={USER}", "--encoding=UTF8", "-D", str(data)]
    subprocess.run(initialise, check=True, user=account, cwd="/", stdout=2)
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    with running(command, signal.SIGINT, user=account, cwd="/") as process:
        wait_until_answered(partial(connect, port), process, START_SEC)
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"


def _let_through(folder: Path) -> None:
    """Open temporary folders to the account that the server runs under."""
    for part in (folder, folder.parent):
        part.chmod(part.stat().st_mode | 0o011)


def _account() -> int | None:
    """Return the account to run PostgreSQL under, as it refuses to run as root; None if this is not root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return names.get("postgres", names["nobody"])
