"""The embedded PostgreSQL: make the cluster, start it patiently, adopt a running one, stop it."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from noroshi.base.roles import Urls
from noroshi.jobs.postgres_files import (
    PID_LINE,
    PORT_LINE,
    STATUS_LINE,
    any_port,
    fatal_line,
    is_postgres,
    last_line,
    last_words,
    pid_file_line,
    read_from,
    read_passwords,
    rotate,
    users_of,
    write_anew,
    write_passwords,
)
from noroshi.jobs.postgres_place import (
    CHILD_ENVIRONMENT,
    DatabaseUnavailable,
    Place,
    find_place,
)
from noroshi.jobs.postgres_roles import (
    ACCESS,
    FAST_SETTINGS,
    MAINTENANCE,
    SETTINGS,
    SUPERUSER,
    all_roles,
    completed,
    new_passwords,
    receiver_url,
    superuser_url,
    urls_of,
)

__all__ = ["DatabaseUnavailable", "Embedded", "Status"]

START_S_MAX = 3600.0  # recovery after a crash takes as long as it takes
HELD_S_MAX = 30.0  # the last server's processes need a moment to let go of its memory
STOP_S_MAX = 60.0
STOP_NOW_S_MAX, TELL_EVERY_S = 10.0, 5.0

HELD = re.compile(r"pre-existing shared memory block|lock file .* already exists")
TAKEN = re.compile(r"could not bind|could not create any TCP/IP sockets")


# The servers this process started, to tell their end at once; they may outlive it.
_children: dict[int, "subprocess.Popen[bytes]"] = {}


@dataclass(frozen=True)
class Status:
    """What the server is doing: its process, its port, and where its files are."""

    running: bool
    pid: int | None
    port: int | None
    cluster: Path
    log: Path


class Embedded:
    """One PostgreSQL server of our own whose files live in `data` (say var/postgres).

    Passwords are kept beside it in `<data>.pgpass` (psql reads it as PGPASSFILE), the log in
    `log/<data>.log` beside it. `say` is told, one line a time, what takes long.
    """

    def __init__(
        self, data: Path, *, port: int | None = None, say: Callable[[str], None] | None = None
    ) -> None:
        self._data = data.absolute()
        self._wanted_port = port
        self._say = say or (lambda _line: None)
        self._place: Place | None = None
        self._durable = True

    def start(self, *, durable: bool = True) -> str:
        """Start the server, or adopt the one that runs, and return its DATABASE_URL: the owner's.

        `durable=False` switches fsync off: for tests only.
        Raises DatabaseUnavailable with one line for the operator.
        """
        self._durable = durable
        self._data.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._place = find_place(self._data)
            if not (self.place.cluster / "PG_VERSION").exists():
                self._create()
            self._passwords()
            settings_changed = self._write_settings()
            running = self._postmaster()
            if running is not None and settings_changed:
                self._stop(running)
                running = None
            if running is None:
                self._launch()
            else:
                self._await_ready(running)
        return self.urls.owner

    @property
    def urls(self) -> Urls:
        """The running server's address for each role."""
        return urls_of(read_passwords(self._password_file), self.status.port)

    @property
    def superuser_url(self) -> str:
        """The running server's address for the role that no wall holds: backups need it."""
        return superuser_url(read_passwords(self._password_file), self.status.port)

    @property
    def receiver_url(self) -> str:
        """The running server's address for the role that receives its log."""
        return receiver_url(read_passwords(self._password_file), self.status.port)

    def stop(self) -> None:
        """Stop the server cleanly (a checkpoint, no recovery at the next start)."""
        with self._alone():
            pid = self._postmaster()
            if pid is not None:
                self._stop(pid)

    def keep_running(self) -> None:
        """Start the server again if it died, and keep its log within its size: call each second."""
        rotate(self.log)
        if self._postmaster() is None:
            self._say("the database stopped by itself; starting it again")
            self.start(durable=self._durable)

    @property
    def status(self) -> Status:
        """Whether the server runs, read from its own files."""
        pid = self._postmaster()
        port = pid_file_line(self.place.cluster, PORT_LINE)
        return Status(
            running=pid is not None,
            pid=pid,
            port=int(port) if pid is not None and port else None,
            cluster=self.place.cluster,
            log=self.log,
        )

    @property
    def log(self) -> Path:
        """The file that the server writes its log to."""
        return self._data.parent / "log" / f"{self._data.name}.log"

    @property
    def place(self) -> Place:
        """Where the server lives; found once."""
        if self._place is None:
            self._place = find_place(self._data)
        return self._place

    # Making the cluster

    def _create(self) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        self._say("creating the database")
        half = self.place.cluster.with_name(self.place.cluster.name + ".new")
        remove = self.place.account.run(["/bin/rm", "-rf", str(half)])
        argv = [str(self.place.programs / "initdb"), "-D", str(half), "-U", SUPERUSER]
        # Nobody may connect until our own rules are in place: passwords for everyone.
        argv += ["--auth=reject", "--encoding=UTF8", "--locale=C", "--data-checksums"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--set=timezone=UTC"]
        argv += [] if self._durable else ["--no-sync"]
        passwords = new_passwords()
        made = self.place.account.run(argv)
        if remove.returncode or made.returncode:
            reason = last_line(remove.stderr + made.stderr)
            raise DatabaseUnavailable(f"the database could not be created in {half}: {reason}")
        self._run_alone(half, all_roles(passwords))
        self._include_settings(half)
        write_passwords(self._password_file, passwords)
        half.rename(self.place.cluster)

    def _run_alone(self, cluster: Path, statements: list[str]) -> None:
        """Run statements in single-user mode: no server, no password, nobody else."""
        argv = [str(self.place.programs / "postgres"), "--single", "-D", str(cluster)]
        # Nobody receives the log meanwhile, so no commit may wait for it.
        argv += ["-c", "exit_on_error=on", "-c", "synchronous_standby_names=", MAINTENANCE]
        done = self.place.account.run(argv, text="".join(f"{line};\n" for line in statements))
        if done.returncode:
            raise DatabaseUnavailable(
                f"the database in {cluster} could not be prepared: {fatal_line(done.stderr)}"
            )

    def _include_settings(self, cluster: Path) -> None:
        rules = cluster / "pg_hba.conf"
        write_anew(rules, ACCESS)
        self.place.account.owns(rules)
        with (cluster / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude_if_exists 'noroshi.conf'\n")

    def _write_settings(self) -> bool:
        """Write our settings; whether they differ from what was there."""
        wanted = SETTINGS + ("" if self._durable else FAST_SETTINGS)
        wanted += f"unix_socket_directories = '{self.place.socket_dir}'\n"
        file = self.place.cluster / "noroshi.conf"
        if file.exists() and file.read_text(encoding="utf-8") == wanted:
            return False
        write_anew(file, wanted)
        self.place.account.owns(file)
        return True

    # Passwords

    @property
    def _password_file(self) -> Path:
        return self._data.with_name(self._data.name + ".pgpass")

    def _passwords(self) -> dict[str, str]:
        """Each role's password; a lost file is replaced by new passwords, a new role is made."""
        try:
            passwords = read_passwords(self._password_file)
        except PermissionError:
            raise DatabaseUnavailable(
                f"{self._password_file} cannot be read: start as the user who owns it"
            ) from None
        words, statements = completed(passwords)
        if statements:
            self._change_roles(statements, passwords)
            write_passwords(self._password_file, words)
        return words

    def _change_roles(self, statements: list[str], passwords: dict[str, str]) -> None:
        """In the running server where we may, so that nobody is thrown out; else alone."""
        running = self._postmaster()
        if running is not None and SUPERUSER in passwords:
            self._await_ready(running)
            url = superuser_url(passwords, self.status.port, database=MAINTENANCE)
            with psycopg.connect(url) as connection:
                connection.execute("SET synchronous_commit = local")
                for statement in statements:
                    connection.execute(statement)
            return
        if running is not None:
            self._stop(running)
        self._run_alone(self.place.cluster, statements)

    # Starting and stopping

    def _launch(self) -> None:
        """Start the server, and again while the last one's memory is still held."""
        self._refuse_strangers_pid_file()
        deadline = time.monotonic() + HELD_S_MAX
        port = self._free_port()
        while True:
            size = self.log.stat().st_size if self.log.exists() else 0
            pid = self._spawn(port)
            if self._await_ready(pid):
                self._remember_port(port)
                return
            words = read_from(self.log, size)
            if time.monotonic() > deadline or not (HELD.search(words) or TAKEN.search(words)):
                raise DatabaseUnavailable(
                    f"PostgreSQL did not start: {fatal_line(words)} (log: {self.log})"
                )
            if TAKEN.search(words):
                port = any_port()
            time.sleep(0.3)

    def _spawn(self, port: int) -> int:
        rotate(self.log)
        argv = [str(self.place.programs / "postgres"), "-D", str(self.place.cluster)]
        account = self.place.account
        with self._open_log() as log:
            process = subprocess.Popen(  # noqa: S603 - every argument is our own
                [*argv, "-p", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=CHILD_ENVIRONMENT,
                umask=0o077,
                user=account.uid,
                group=account.gid,
                extra_groups=None if account.uid is None else [],
                start_new_session=True,  # Ctrl-C is for the supervisor; it stops us last
            )
        _children[process.pid] = process
        return process.pid

    def _await_ready(self, pid: int) -> bool:
        """Wait until the server answers; False when it ended instead."""
        began = told = time.monotonic()
        while True:
            if not self._alive(pid):
                return False
            owner = pid_file_line(self.place.cluster, PID_LINE)
            if owner == str(pid) and pid_file_line(self.place.cluster, STATUS_LINE) == "ready":
                return True
            now = time.monotonic()
            if now - began > START_S_MAX:
                raise DatabaseUnavailable(f"PostgreSQL is not ready yet (log: {self.log})")
            if now - told > TELL_EVERY_S:
                told = now
                self._say(
                    f"the database is recovering ({now - began:.0f} s): {last_words(self.log)}"
                )
            time.sleep(0.02)

    def _stop(self, pid: int) -> None:
        for kind, seconds in ((signal.SIGINT, STOP_S_MAX), (signal.SIGQUIT, STOP_NOW_S_MAX)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not self._alive(pid):
                    return
                time.sleep(0.02)
        raise DatabaseUnavailable(f"PostgreSQL (process {pid}) does not stop (log: {self.log})")

    def _alive(self, pid: int) -> bool:
        if pid not in _children:
            return is_postgres(pid)
        if _children[pid].poll() is None:
            return True
        del _children[pid]
        return False

    def _postmaster(self) -> int | None:
        """The process number of this cluster's running server, if there is one."""
        word = pid_file_line(self.place.cluster, PID_LINE)
        if word is None or not word.isdigit():
            return None
        return int(word) if self._alive(int(word)) and self._is_ours(int(word)) else None

    def _is_ours(self, pid: int) -> bool:
        if pid in _children:
            return True
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self.place.cluster.resolve()
        except OSError:
            return False

    def _refuse_strangers_pid_file(self) -> None:
        """Remove a pid file whose number now belongs to a process that is no server of ours.

        A dead process's file stays: the server itself checks that its memory is free.
        """
        word = pid_file_line(self.place.cluster, PID_LINE)
        if word is None or not word.isdigit() or not Path(f"/proc/{word}").exists():
            return
        if not is_postgres(int(word)) and not users_of(self.place.cluster):
            (self.place.cluster / "postmaster.pid").unlink()

    # Port, log, lock

    def _free_port(self) -> int:
        """The wished port, or the one of last time if it is free, or any."""
        if self._wanted_port is not None:
            return self._wanted_port
        with contextlib.suppress(OSError, ValueError):
            last = int((self.place.home / "port").read_text(encoding="ascii"))
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", last))
                return last
        return any_port()

    def _remember_port(self, port: int) -> None:
        write_anew(self.place.home / "port", f"{port}\n")

    def _open_log(self) -> IO[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one starter or stopper at a time, over all processes of this machine."""
        path = self._data.with_name(self._data.name + ".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
