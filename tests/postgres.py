"""A private PostgreSQL server for tests: Debian's programs, a temporary folder, a free port on loopback."""

import os
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from wand_orchestrator.cli.processes.ports import free_port

ROOT = Path(__file__).parents[1]
USER = "wand"
PASSWORD = "s3cr3t-of-the-tests"
START_SEC = 30.0

# A crash of the machine may lose what a test wrote; nothing else does.
_FAST = ("fsync=off", "full_page_writes=off", "unix_socket_directories=")


class PostgresServer:
    """Started by `with`; `stop` and `start` in between keep data and port, for tests of an outage."""

    def __init__(self) -> None:
        self._programs = Path(_run([str(ROOT / "scripts" / "ensure-postgres")]).strip())
        self._account = _account()
        self._folder = Path(tempfile.mkdtemp(prefix="wand-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        self.port = free_port()

    def __enter__(self) -> "PostgresServer":
        self._initialise()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str, *, port: int | None = None) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def new_database(self) -> str:
        """URL of an empty database."""
        name = f"test_{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def start(self) -> None:
        settings = (*_FAST, "listen_addresses=127.0.0.1", f"port={self.port}")
        options = [part for setting in settings for part in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options], stdout=log, stderr=log, user=self._account
            )
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """At once, ending every connection, as an administrator would for a restart.

        It waits up to a minute for who has connected and says nothing yet, as a task of this process does while its
        event loop waits here: call it in a thread there.
        """
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_SEC)
            self._process = None

    def kill(self) -> None:
        """`kill -9` of the server and of the processes that it has begun; gives when all have ended."""
        if self._process is not None:
            pid = self._process.pid
            begun = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            self._process.kill()
            self._process.wait(START_SEC)
            self._process = None
            for each in begun:
                _kill(int(each))

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialise(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if self._account is not None:
            for path in (self._folder, secret):
                os.chown(path, self._account, -1)
        options = ["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--username={USER}"]
        _run(
            [str(self._programs / "initdb"), *options, f"--pwfile={secret}", "-D", str(self._data)],
            account=self._account,
        )

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SEC
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self._folder / "log").read_text()) from None
            time.sleep(0.02)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], START_SEC)
        finally:
            os.close(handle)


def _account() -> int | None:
    """PostgreSQL refuses to run as root: then as its own user, or as nobody."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return names.get("postgres", names["nobody"])


def _run(command: list[str], *, account: int | None = None) -> str:
    result = subprocess.run(command, capture_output=True, text=True, user=account, cwd="/")
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]}: {result.stdout}{result.stderr}")
    return result.stdout
