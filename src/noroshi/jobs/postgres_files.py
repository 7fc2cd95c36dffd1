"""What a PostgreSQL cluster's own files, its processes and its words tell."""

import contextlib
import os
import re
import socket
from pathlib import Path

LOG_BYTES_MAX = 20_000_000
PGPASS_FIELDS = 5  # host, port, database, role, password
PID_LINE, PORT_LINE, STATUS_LINE = 0, 3, 7


def pid_file_line(cluster: Path, number: int) -> str | None:
    """One line of postmaster.pid, counted from 0; None while there is no such line."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return lines[number].strip() if len(lines) > number else None


def is_postgres(pid: int) -> bool:
    """Whether this process is a living PostgreSQL, and not a zombie or a reused number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    name, _, rest = stat.partition("(")[2].rpartition(")")
    return name == "postgres" and rest.split()[0] not in {"Z", "X"}


def users_of(cluster: Path) -> list[int]:
    """Processes that work inside this cluster's directory."""
    inside = cluster.resolve()
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == inside:
                found.append(int(entry.name))
    return found


def any_port() -> int:
    """A TCP port that is free on 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_from(path: Path, offset: int) -> str:
    """The text of a file from a byte offset to its end."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read().decode("utf-8", errors="replace")


def fatal_line(words: str) -> str:
    """The line of a server's log that says why it gave up."""
    fatal = [line for line in words.splitlines() if re.search(r"FATAL|PANIC|ERROR", line)]
    return re.sub(r"^.*?(?=FATAL|PANIC|ERROR)", "", fatal[-1]) if fatal else last_line(words)


def last_line(words: str) -> str:
    """The last line that is not blank."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def read_passwords(file: Path) -> dict[str, str]:
    """The password of each role in a pgpass file; none when there is no file."""
    try:
        rows = [line.split(":") for line in file.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return {}
    return {row[3]: row[4] for row in rows if len(row) == PGPASS_FIELDS}


def write_passwords(file: Path, passwords: dict[str, str]) -> None:
    """Write a pgpass file, for its owner's eyes only."""
    write_anew(file, "".join(f"*:*:*:{role}:{word}\n" for role, word in passwords.items()))


def write_anew(file: Path, text: str) -> None:
    """Put a new file (mode 0600) in the place of an old one; a link there is not followed."""
    half = file.with_name(file.name + ".new")
    half.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(half, flags, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    half.rename(file)


def rotate(log: Path) -> None:
    """Keep one older log; the server goes on writing to the same open file."""
    if not log.exists() or log.stat().st_size <= LOG_BYTES_MAX:
        return
    write_anew(log.with_suffix(".log.1"), read_from(log, 0))
    os.truncate(log, 0)


def last_words(log: Path) -> str:
    """The last line of a log that is not blank."""
    size = log.stat().st_size if log.exists() else 0
    return last_line(read_from(log, max(0, size - 2000)))
