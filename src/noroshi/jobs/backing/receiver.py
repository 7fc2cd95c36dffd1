"""The child that receives: PostgreSQL's own pg_receivewal, tied to the life of this program."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from noroshi.base.roles import WAL
from noroshi.jobs.backing import tools
from noroshi.jobs.postgres_files import last_line
from noroshi.jobs.supervisor import LEASH

STOP_S_MAX = 5.0
SAID_BYTES_MAX = 4000


class Receiver:
    """At most one pg_receivewal at a time; every byte is on disk before it is acknowledged."""

    def __init__(self, url: str, programs: Path) -> None:
        self._url, self.programs = url, programs
        self._child: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process number while it runs."""
        is_running = self._child is not None and self._child.poll() is None
        return self._child.pid if self._child is not None and is_running else None

    def start(self, folder: Path) -> None:
        """Receive into a folder, from where that ends or from where the server keeps log."""
        self.stop(is_kind=False)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
        program = str(self.programs / "pg_receivewal")
        words = ["--directory", str(folder), "--slot", WAL, "--synchronous", "--no-loop"]
        tie = [sys.executable, "-I", "-S", str(LEASH), "tie", str(os.getpid())]
        self._child = subprocess.Popen(  # noqa: S603 - PostgreSQL's own tool
            [*tie, program, *words, "--no-password", "--status-interval=1"],
            env=tools.environment_of(self._url) | {"PGAPPNAME": WAL, "PGCONNECT_TIMEOUT": "5"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            umask=0o077,
        )

    def last_words(self) -> str:
        """What it said last; empty: nothing."""
        if self._said is None:
            return ""
        file = self._said.fileno()  # the child goes on writing where this file stands: no seek
        start = max(0, os.fstat(file).st_size - SAID_BYTES_MAX)
        text = os.pread(file, SAID_BYTES_MAX, start).decode("utf-8", errors="replace")
        return last_line(text) if text.strip() else ""

    def stop(self, *, is_kind: bool) -> None:
        """End it: kindly, so that it says how far it came, or at once."""
        child, self._child = self._child, None
        if child is not None:
            if is_kind:
                child.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(STOP_S_MAX)
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            child.wait()
        if self._said is not None:
            self._said.close()
            self._said = None
