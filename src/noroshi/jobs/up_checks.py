"""What must hold before the programs start: one instance, free ports, a good database, a secret."""

import contextlib
import fcntl
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from noroshi.base.roles import WAL
from noroshi.jobs.postgres_files import any_port, last_line, write_anew

POSTGRES_MIN = 150000
CONNECT_S_MAX = 10
PORT_PATIENCE_S = 2.0  # the programs of an instance that was just killed may still be ending
ANSWER_S_MAX = 1.0
# The receiver of the log does not run yet: what is prepared before the start waits for nobody.
NO_WAIT = {"PGOPTIONS": "-c synchronous_commit=local"}
SECRET_CHARACTERS_MIN = 32
PORT_OPTIONS = {
    "web": "--port",
    "gate": "--gate-port",
    "live": "--live-port",
    "smtp": "--smtp-port",
}


class NotStarted(Exception):
    """The house cannot start; the text is one line that says why and what to do."""


@dataclass(frozen=True)
class Ports:
    """The TCP ports of the doors; 0 means any free one."""

    web: int
    gate: int
    live: int
    smtp: int


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold the folder of local state for this instance alone."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        file = (var / "up.lock").open("a+")
    except OSError as error:
        raise NotStarted(f"{var} cannot be used: {error.strerror}; choose another --data") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise NotStarted(
                f"already running with {var} (process {file.read().strip()}); "
                "stop it with Ctrl-C there, or choose another --data"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def settle_ports(ports: Ports, *, host: str, with_mail: bool) -> Ports:
    """The ports that will be used; raises NotStarted, naming the first that is in use."""
    settled: dict[str, int] = {}
    for door, port in asdict(ports).items():
        if door == "smtp" and not with_mail:
            settled[door] = port
            continue
        address = "127.0.0.1" if door == "smtp" else host
        number = port or any_port()
        if not 0 <= port <= 65535:
            raise NotStarted(f"{PORT_OPTIONS[door]} {port} is not a port (0 to 65535)")
        if number in settled.values():
            raise NotStarted(f"port {number} is asked for twice; change {PORT_OPTIONS[door]}")
        _check_free(address, number, door)
        settled[door] = number
    return Ports(**settled)


def _check_free(host: str, port: int, door: str) -> None:
    deadline = time.monotonic() + PORT_PATIENCE_S
    while True:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen()
            except socket.gaierror:
                raise NotStarted(f"{host!r} is no address of this machine; see --host") from None
            except PermissionError:
                raise NotStarted(
                    f"port {port} is not allowed for this user; choose one above 1023 with "
                    f"{PORT_OPTIONS[door]}"
                ) from None
            except OSError as error:
                if time.monotonic() > deadline:
                    raise NotStarted(
                        f"port {port} on {host} cannot be used ({error.strerror}); stop the other "
                        f"program or choose another port with {PORT_OPTIONS[door]}"
                    ) from None
            else:
                return
        time.sleep(0.1)


def check_database(url: str, *, name: str) -> None:
    """Raise NotStarted unless the server answers, lets us in, and is new enough."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_S_MAX) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        # A malformed address is quoted whole by the driver, with the password in it.
        said = " ".join(str(error).replace(url, "...").split())
        raise NotStarted(f"the database of {name} cannot be used: {said}") from None
    if version < POSTGRES_MIN:
        raise NotStarted(
            f"the database of {name} is PostgreSQL {version // 10000}; it must be 15 or newer"
        )


def waits_for_second_copy(url: str) -> bool:
    """Whether a commit is acknowledged only when the receiver of the log has it."""
    with psycopg.connect(url, connect_timeout=CONNECT_S_MAX) as connection:
        row = connection.execute("SELECT current_setting('synchronous_standby_names')").fetchone()
    return row == (WAL,)


def secret(var: Path) -> str:
    """The installation's secret key, made once and readable by its owner only."""
    file = var / "secret"
    try:
        kept = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        kept = secrets.token_urlsafe(48)
        write_anew(file, kept + "\n")
    except PermissionError:
        raise NotStarted(f"{file} cannot be read: start as the user who owns it") from None
    if len(kept) < SECRET_CHARACTERS_MIN:
        raise NotStarted(f"{file} is too short; remove it, and a new one is made")
    return kept


def prepare(
    settings: Mapping[str, str], *, var: Path, is_demo: bool, say: Callable[[str], None]
) -> str:
    """Migrations, static files and, for the demo, its people; returns the demo's sign-in."""
    say("preparing the database")
    _run(["migrate"], settings, var)
    _run(["manage", "collectstatic", "--noinput"], settings, var)
    if not is_demo:
        return ""
    say("preparing the demo")
    return _run(["prepare-demo"], settings, var)


def _run(words: list[str], settings: Mapping[str, str], var: Path) -> str:
    name = words[-1] if len(words) == 1 else words[1]
    log = var / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-m", "noroshi", *words],
        capture_output=True,
        text=True,
        errors="replace",
        env=dict(settings) | NO_WAIT,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        words_said = last_line(done.stderr or done.stdout)
        raise NotStarted(f"`noroshi {' '.join(words)}` failed: {words_said} (log: {log})")
    return done.stdout.strip("\n")


def answers(host: str, port: int) -> bool:
    """Whether the pages answer at all."""
    address = reachable(host)
    url = f"http://{address}:{port}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S_MAX) as response:
            return bool(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


def reachable(host: str) -> str:
    """The address by which this machine reaches a door that listens on `host`."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
