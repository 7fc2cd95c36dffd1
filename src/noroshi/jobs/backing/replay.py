"""Carry the files of a base backup on through the received log: to its end, or to a moment."""

import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from noroshi.jobs.backing import strands
from noroshi.jobs.backing.course import PAGE_HEADER_BYTES
from noroshi.jobs.backing.errors import NotRestored
from noroshi.jobs.backing.manifest import Backup
from noroshi.jobs.backing.strands import PARTIAL, Strand
from noroshi.jobs.postgres_files import (
    STATUS_LINE,
    any_port,
    fatal_line,
    last_words,
    pid_file_line,
    read_from,
)
from noroshi.jobs.postgres_place import CHILD_ENVIRONMENT, Place

JST = ZoneInfo("Asia/Tokyo")
STOP_S_MAX, TELL_EVERY_S, LOOK_EVERY_S = 120.0, 5.0, 0.05
TOO_EARLY = "recovery ended before configured recovery target was reached"
# As the server writes them; its language is C. The time of a commit, in UTC.
LAST_COMMIT = re.compile(r"last completed transaction was at log time (\S+ [0-9:.]+)\+00")
END = re.compile(r"^\d+\t([0-9A-F]+/[0-9A-F]+)\t", re.MULTILINE)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Log:
    """What a base backup is carried on with: a strand, to a moment or (None) to its end."""

    strand: Strand
    until: datetime | None


def carry_on(place: Place, backup: Backup, log: Log, say: Say) -> None:
    """Replay the log into the unpacked files; the server does not run afterwards.

    Raises NotRestored, also when less came back than was received.
    """
    staged = place.cluster.with_name(f"{place.cluster.name}.wal")
    words = place.home.parent / "log" / f"{place.home.name}-replay.log"
    received = log.strand.received()  # before the segments: these may only be more
    try:
        _stage(place, backup, log.strand, staged)
        until = log.until
        if not _run(place, staged, words, until, say):
            # Nothing was committed between the last commit and the moment, when all up to the
            # moment was received: then the end of the log is how it was at the moment.
            if until is None or received is None or received.at < until:
                raise NotRestored(_why(words, log))
            _run(place, staged, words, None, say)
            until = None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    end = _end(place.cluster)
    if until is None and received is not None and end + PAGE_HEADER_BYTES < received.lsn:
        raise NotRestored(
            f"the log in {log.strand.folder} ends at {strands.text_of(end)}, and was received to "
            f"{strands.text_of(received.lsn)}: a segment is damaged or missing"
        )
    say(f"the log was replayed to {strands.text_of(end)}{_last_commit(words)}")


def _stage(place: Place, backup: Backup, strand: Strand, staged: Path) -> None:
    """Lay the segments from the backup on where the server's account can read them."""
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(mode=0o700)
    place.account.owns(staged)
    whole = strand.segments()
    part = strand.last_part()
    if not whole and part is None:
        raise NotRestored(f"there is no log in {strand.folder}")
    segment_bytes = max(path.stat().st_size for path in (*whole, part) if path is not None)
    first = strands.name_of(strand.timeline, strands.start_of(backup)[0], segment_bytes)
    for path in (path for path in whole if path.name >= first):
        if place.account.uid is None:
            (staged / path.name).symlink_to(path)
        else:
            _copy(place, path, staged / path.name)
    for path in strand.folder.glob("*.history"):
        _copy(place, path, staged / path.name)
    _stage_part(place, strand, staged, segment_bytes)


def _stage_part(place: Place, strand: Strand, staged: Path, segment_bytes: int) -> None:
    """The last segment, which may get longer, or its name, while it is copied."""
    for part in sorted(strand.folder.glob(f"{strand.timeline:08X}*{PARTIAL}")):
        to = staged / part.name.removesuffix(PARTIAL)
        try:
            _copy(place, part, to)
        except FileNotFoundError:
            _copy(place, part.with_name(to.name), to)
        if to.stat().st_size < segment_bytes:
            to.unlink()  # it was only being made, and holds nothing yet


def _copy(place: Place, source: Path, to: Path) -> None:
    shutil.copyfile(source, to)
    to.chmod(0o600)
    place.account.owns(to)


def _run(place: Place, staged: Path, words: Path, until: datetime | None, say: Say) -> bool:
    """One server that replays and stops; False when the log ends before the moment."""
    mark = place.cluster / "recovery.signal"
    mark.touch(mode=0o600)
    place.account.owns(mark)
    command = f'cp {shlex.quote(str(staged)).replace("%", "%%")}/%f "%p"'
    settings = {
        "restore_command": command,
        "recovery_target_action": "promote",
        "recovery_target_timeline": "current",
        "hot_standby": "off",
        "listen_addresses": "",
        "port": str(any_port()),
        "unix_socket_directories": str(place.socket_dir),
        "synchronous_standby_names": "",
        "timezone": "UTC",
    }
    if until is not None:
        settings["recovery_target_time"] = until.isoformat(sep=" ")
    argv = [str(place.programs / "postgres"), "-D", str(place.cluster)]
    argv += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    words.parent.mkdir(parents=True, exist_ok=True)
    with words.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - every argument is our own
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env=CHILD_ENVIRONMENT,
            umask=0o077,
            user=place.account.uid,
            group=place.account.gid,
            extra_groups=None if place.account.uid is None else [],
        )
    try:
        return _await(process, place.cluster, words, say)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_S_MAX)


def _await(process: "subprocess.Popen[bytes]", cluster: Path, words: Path, say: Say) -> bool:
    began = told = time.monotonic()
    while process.poll() is None:
        if pid_file_line(cluster, STATUS_LINE) == "ready":
            return True
        now = time.monotonic()
        if now - told > TELL_EVERY_S:
            told = now
            say(f"replaying the log ({now - began:.0f} s): {last_words(words)}")
        time.sleep(LOOK_EVERY_S)
    said = read_from(words, 0)
    if TOO_EARLY in said:
        return False
    raise NotRestored(f"the log was not replayed: {fatal_line(said)} ({words})")


def _why(words: Path, log: Log) -> str:
    wanted = log.until.astimezone(JST) if log.until is not None else None
    return (
        f"the log ends before {wanted:%Y-%m-%d %H:%M:%S}{_last_commit(words)}: "
        "leave --at out to go to its end"
    )


def _last_commit(words: Path) -> str:
    found = LAST_COMMIT.findall(read_from(words, 0))
    if not found:
        return ""
    at = datetime.fromisoformat(f"{found[-1]}+00:00").astimezone(JST)
    return f"; the last change is of {at:%Y-%m-%d %H:%M:%S} in Japan"


def _end(cluster: Path) -> int:
    """Where the replay ended: the newest timeline's own file says it."""
    files = sorted((cluster / "pg_wal").glob("*.history"))
    found = END.findall(files[-1].read_text(encoding="utf-8")) if files else []
    if not found:
        raise NotRestored("the server did not say how far it replayed the log")
    return strands.lsn_of(found[-1])
