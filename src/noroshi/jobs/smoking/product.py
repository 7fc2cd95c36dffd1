"""The whole product as a user starts it: `noroshi up` in a folder of its own, on free ports."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from noroshi.jobs.postgres import Embedded
from noroshi.jobs.postgres_files import any_port
from noroshi.jobs.smoking.report import CheckFailed

START_S_MAX = 120.0  # a busy machine is no fault of the product
STOP_S_MAX = 30.0
REPAIR_S_MAX = 3.0
TOOL_S_MAX = 30.0
NOT_HANDED_ON = ("NOROSHI_", "DATABASE_URL", "DJANGO_", "PYTEST_")
PROGRAMS = ("gate", "listen", "live", "send", "tick", "web", "work")


class Product:
    """One installation in `folder`; mails go to the server at `smtp_port`."""

    def __init__(self, folder: Path, smtp_port: int) -> None:
        self.var = folder / "var"
        self.web_port, self.gate_port, self.live_port = any_port(), any_port(), any_port()
        self.base = f"http://127.0.0.1:{self.web_port}"
        self.output = folder / "up.log"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)
        } | {
            "NOROSHI_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "NOROSHI_MAIL_FROM": "Noroshi <noroshi@smoke.example.jp>",
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def logs(self) -> str:
        """Where to look when something failed."""
        return f"{self.output} and {self.var / 'log'}/"

    def start(self) -> None:
        """Start it; raises CheckFailed when it ends or its doors do not open in good time."""
        ports = ["--port", str(self.web_port), "--gate-port", str(self.gate_port)]
        ports += ["--live-port", str(self.live_port)]
        with self.output.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "noroshi", "up", *ports, "--data", str(self.var)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        until = time.monotonic() + START_S_MAX
        while not (self.is_answering(self.web_port) and self.is_answering(self.gate_port)):
            if self._process.poll() is not None:
                raise CheckFailed(f"noroshi up ended with code {self._process.returncode}")
            if time.monotonic() > until:
                raise CheckFailed(f"noroshi up does not answer within {START_S_MAX:.0f} s")
            time.sleep(0.1)

    def is_answering(self, port: int) -> bool:
        """Whether a door says that it is well."""
        with contextlib.suppress(OSError, urllib.error.URLError):
            url = f"http://127.0.0.1:{port}/healthz"
            with urllib.request.urlopen(url, timeout=1) as answer:
                return bool(answer.status == 200)
        return False

    def add_staff(self, login: str) -> str:
        """Make the office's first account as an operator does; returns its password."""
        return self.run("add-staff", login, "--make-password").splitlines()[-1]

    def run(self, *words: str) -> str:
        """Run one of the tools beside the running product; returns what it printed."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "noroshi", *words],
            env=self.environment | {"NOROSHI_VAR": str(self.var)},
            capture_output=True,
            text=True,
            check=False,
            timeout=TOOL_S_MAX,
        )
        if done.returncode:
            raise CheckFailed(f"noroshi {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def pids(self) -> dict[str, int]:
        """The process of each program that runs now."""
        found = {}
        up = self._process.pid if self._process is not None else 0
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if parent == up and b"noroshi" in words:
                    name = words[words.index(b"noroshi") + 1].decode()
                    found[name] = int(entry.name)
        return found

    def kill(self, name: str) -> int:
        """kill -9 one program; returns the process it was."""
        pid = self.pids().get(name)
        if pid is None:
            raise CheckFailed(f"{name} does not run: {self.pids()}")
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> int | None:
        """Ctrl-C; the exit code, or None when it did not end in good time."""
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End whatever is left of it, so that nothing stays behind on the machine."""
        process = self._process
        if process is not None and process.poll() is None and self.stop() is None:
            process.kill()  # its programs end with it
            process.wait()
        with contextlib.suppress(Exception):
            Embedded(self.var / "postgres").stop()
