"""The folder of received log: strands without a gap, which one goes on from a backup, what may go.

A strand is `<system>-<timeline>-<time>Z` in the folder `wal` beside the backups: the log of one
server on one timeline. Where the log cannot be gone on with, a new strand begins.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from noroshi.jobs.backing.errors import BadBackup
from noroshi.jobs.backing.manifest import Backup

FOLDER = "wal"
PARTIAL = ".partial"
NOTE = "received.json"
MANIFEST = "backup_manifest"  # PostgreSQL's own, in every base backup
SEGMENT = re.compile(r"[0-9A-F]{24}")
NAME = re.compile(r"([0-9]+)-([0-9A-F]{8})-([0-9]{8}T[0-9]{12}Z)")
TIME = "%Y%m%dT%H%M%S%fZ"
LOG_BYTES = 1 << 32  # that share the middle part of a segment's name


class Received(msgspec.Struct, frozen=True):
    """How far the log was received: a place in it, and the time at which the server was there."""

    lsn: int
    at: datetime


class _Range(msgspec.Struct, frozen=True, rename={"lsn": "Start-LSN", "timeline": "Timeline"}):
    lsn: str
    timeline: int


class _Own(msgspec.Struct, frozen=True, rename={"ranges": "WAL-Ranges"}):
    ranges: list[_Range]


@dataclass(frozen=True, slots=True)
class Strand:
    """Log without a gap, of one server (its system identifier) on one timeline."""

    folder: Path
    system: int
    timeline: int
    begun_at: datetime

    def segments(self) -> list[Path]:
        """The whole segments, the oldest first."""
        found = (path for path in self.folder.iterdir() if SEGMENT.fullmatch(path.name))
        return sorted(path for path in found if path.name[:8] == f"{self.timeline:08X}")

    def last_part(self) -> Path | None:
        """The segment that is still being received."""
        found = sorted(self.folder.glob(f"{self.timeline:08X}*{PARTIAL}"))
        return found[-1] if found else None

    def received(self) -> Received | None:
        """How far it was received for sure, as far as was written down."""
        try:
            return msgspec.json.decode((self.folder / NOTE).read_bytes(), type=Received)
        except (OSError, msgspec.MsgspecError):
            return None

    def note(self, received: Received) -> None:
        """Write down how far it was received."""
        half = self.folder / f"{NOTE}.new"
        half.write_bytes(msgspec.json.encode(received))
        half.rename(self.folder / NOTE)

    def next_segment(self, segment_bytes: int) -> int | None:
        """The number of the segment that is received next; None: none was yet."""
        part, whole = self.last_part(), self.segments()
        if part is not None:
            return number_of(part.name[:24], segment_bytes)
        return number_of(whole[-1].name, segment_bytes) + 1 if whole else None

    def size(self) -> int:
        """Bytes of all its files; one that gets its name or goes meanwhile is passed over."""
        total = 0
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total


def all_in(folder: Path) -> list[Strand]:
    """Every strand beside the backups of this folder, the oldest first."""
    place = folder / FOLDER
    if not place.is_dir():
        return []
    found = []
    for path in place.iterdir():
        parts = NAME.fullmatch(path.name)
        if parts is not None:
            begun_at = datetime.strptime(parts[3], TIME).replace(tzinfo=UTC)
            found.append(Strand(path, int(parts[1]), int(parts[2], 16), begun_at))
    return sorted(found, key=lambda one: one.begun_at)


def begin(folder: Path, system: int, timeline: int, now: datetime) -> Strand:
    """A new strand, empty."""
    name = f"{system}-{timeline:08X}-{now.astimezone(UTC):{TIME}}"
    place = folder / FOLDER / name
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.mkdir(mode=0o700)
    _sync(place.parent)
    return Strand(place, system, timeline, now)


def strand_of(backup: Backup) -> Strand | None:
    """The newest strand that goes on from a base backup; None where there is none."""
    if backup.manifest.form != "base":
        return None
    lsn, timeline = start_of(backup)
    found = [
        strand
        for strand in all_in(backup.folder.parent)
        if strand.timeline == timeline and holds(strand, lsn)
    ]
    return found[-1] if found else None


def start_of(backup: Backup) -> tuple[int, int]:
    """Where the log of a base backup begins, and its timeline. Raises BadBackup."""
    place = backup.folder / MANIFEST
    try:
        (first, *_) = msgspec.json.decode(place.read_bytes(), type=_Own).ranges
    except (OSError, ValueError) as error:
        raise BadBackup(f"{place} cannot be read: {error}") from None
    return lsn_of(first.lsn), first.timeline


def holds(strand: Strand, lsn: int) -> bool:
    """Whether this place of the log is in the strand."""
    found = [path for path in (*strand.segments(), strand.last_part()) if path is not None]
    if not found:
        return False
    segment_bytes = max(path.stat().st_size for path in found)
    wanted = f"{name_of(strand.timeline, lsn, segment_bytes)}"
    return segment_bytes > 0 and found[0].name[:24] <= wanted <= found[-1].name[:24]


def prune(folder: Path, backups: Sequence[Backup], *, days: int, now: datetime) -> int:
    """Remove what no kept base backup needs to reach the last days (0: any of them); its files.

    Each base backup comes back without the log too, to its own instant.
    """
    bases = [one for one in backups if one.manifest.form == "base"]
    if not bases:
        return 0
    reach = now - timedelta(days=days)
    early = [one for one in bases if days and one.manifest.made_at <= reach]
    needed = bases[len(early) - 1 :] if early else bases
    starts: dict[Path, list[int]] = {}
    for backup in needed:
        strand = strand_of(backup)
        if strand is not None:
            starts.setdefault(strand.folder, []).append(start_of(backup)[0])
    gone, found = 0, all_in(folder)
    for one in found:
        if one.folder in starts:
            gone += _cut(one, min(starts[one.folder]))
        elif one != found[-1]:
            gone += len(list(one.folder.iterdir()))
            shutil.rmtree(one.folder)
    return gone


def ends_of(backups: Sequence[Backup], *, days: int, now: datetime) -> list[Backup]:
    """The first and the last base backup of each strand, of so many days.

    A day has more than one where a strand ended: without them no moment before could be reached.
    """
    found: dict[Path, list[Backup]] = {}
    for backup in backups:
        strand = strand_of(backup)
        if strand is not None and now - backup.manifest.made_at < timedelta(days=days):
            found.setdefault(strand.folder, []).append(backup)
    return [one for bases in found.values() for one in (bases[0], bases[-1])]


def _cut(strand: Strand, lsn: int) -> int:
    """Remove the segments before a place."""
    whole = strand.segments()
    if not whole:
        return 0
    first = name_of(strand.timeline, lsn, whole[0].stat().st_size)
    gone = [path for path in whole if path.name < first]
    for path in gone:
        path.unlink()
    return len(gone)


def lsn_of(text: str) -> int:
    """The number of a place in the log that is written as `0/16B3748`."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def text_of(lsn: int) -> str:
    """The same the other way round."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def number_of(name: str, segment_bytes: int) -> int:
    """The number of the segment with this name."""
    return int(name[8:16], 16) * (LOG_BYTES // segment_bytes) + int(name[16:24], 16)


def name_of(timeline: int, lsn: int, segment_bytes: int) -> str:
    """The name of the segment in which a place is."""
    if segment_bytes <= 0:
        return ""
    return f"{timeline:08X}{lsn >> 32:08X}{(lsn & 0xFFFFFFFF) // segment_bytes:08X}"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
