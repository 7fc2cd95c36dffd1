"""The gate's journal on its own disk, for the time in which PostgreSQL takes nothing."""

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from noroshi.base import failpoints
from noroshi.gate import spool_folder
from noroshi.gate.spool_folder import ENDING, OURS_ONLY, Folder, orphans, sync, write_all
from noroshi.gate.spool_format import Segment, unpack

SEGMENT_BYTES_MAX = 8 << 20
DAMAGED = ".damaged"
REFUSED = "refused"

log = logging.getLogger(__name__)


class SpoolFull(Exception):
    """The spool holds as much as it may."""


class Spool:
    """Numbered files in a folder that one gate holds; used by one thread at a time.

    A gate takes the first folder of `place` that nobody holds, and what dead gates left in others,
    as far as it belongs to the same database.
    """

    def __init__(self, place: Path, bytes_max: int) -> None:
        """Nothing is touched before `open`; `bytes_max` 0 = no spool."""
        self.bytes_max = bytes_max
        self.size = 0  # bytes that wait for the database
        self.strange = 0  # bytes in other folders that wait for another database
        self._place = place
        self._mark: UUID | None = None
        self._folder: Folder | None = None
        self._sizes: dict[Path, int] = {}  # the oldest first
        self._adopted: set[Path] = set()  # of these, what other gates wrote
        self._number = 0
        self._newest: tuple[Path, int] | None = None  # while it is written

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for the database."""
        return not self._sizes

    @property
    def room(self) -> int:
        """Bytes that may still come, as far as the setting goes; what was adopted counts not."""
        if self._folder is None:
            return 0
        return self.bytes_max - self.size + sum(self._sizes[file] for file in self._adopted)

    def prepare(self) -> None:
        """Make the place. Raises OSError."""
        if self.bytes_max:
            self._place.mkdir(parents=True, exist_ok=True, mode=OURS_ONLY)
            sync(self._place.parent)

    def open(self, mark: UUID) -> None:
        """Take a folder for rows of the database of this mark, and what the dead left of it.

        Raises OSError.
        """
        self.close()
        if not self.bytes_max:
            return
        self.prepare()
        self._mark, self._folder = mark, spool_folder.take(self._place, mark)
        for file in self._folder.files():
            self._sizes[file] = file.stat().st_size
            self._number = int(file.stem)
        self.size = sum(self._sizes.values())
        if self._sizes:
            log.warning("spool: %s bytes left by a gate that ended", self.size)
        self.adopt()
        sync(self._place)
        sync(self._folder.path)

    def adopt(self) -> int:
        """Take over what gates left that are dead now; returns its bytes. Raises OSError."""
        if self._folder is None or self._mark is None:
            return 0
        had, strange = self.size, 0
        for other in orphans(self._place, self._folder):
            files = [(file, file.stat().st_size) for file in other.files()]
            if not other.is_of(self._mark):
                strange += sum(size for _file, size in files)
                continue
            for file, size in files:
                moved = file.rename(self._next(self._folder))
                self._sizes[moved] = size
                self._adopted.add(moved)
                self.size += size
            if files:
                sync(self._folder.path)
                sync(other.path)
        if strange and strange != self.strange:
            log.error(
                "spool: %s bytes in %s belong to another database; they stay there until a gate "
                "of that database starts (docs/operators.md, the spool)",
                strange,
                self._place,
            )
        self.strange = strange
        if self.size > had:
            log.warning("spool: took over %s bytes of a gate that ended", self.size - had)
        return self.size - had

    def close(self) -> None:
        """Let the folder go; what is in it stays."""
        self.seal()
        if self._folder is not None:
            self._folder.release()
        self._folder = self._mark = None
        self._sizes, self._adopted, self.size, self._number = {}, set(), 0, 0

    def append(self, records: Iterable[bytes]) -> None:
        """Write records behind all others and return when they are durable.

        Raises SpoolFull, or OSError when the disk does not take them: none of them counts then.
        """
        data = b"".join(records)
        if self._folder is None or len(data) > self.room:
            raise SpoolFull(f"{self.size} bytes of {self.bytes_max} wait for the database")
        file, descriptor = self._newest or self._begin(self._folder)
        had = self._sizes[file]
        try:
            write_all(descriptor, data)
            failpoints.at("gate.spool_written")
            os.fdatasync(descriptor)
            failpoints.at("gate.spool_synced")
        except OSError:
            self._break_off(file, descriptor, had)
            raise
        self._sizes[file] = had + len(data)
        self.size += len(data)
        if self._sizes[file] >= SEGMENT_BYTES_MAX:
            self.seal()

    def seal(self) -> None:
        """The next record begins a new file."""
        if self._newest is not None:
            os.close(self._newest[1])
            self._newest = None

    def oldest(self) -> Path | None:
        """The file to be carried to the database next; it is written to no more."""
        oldest = next(iter(self._sizes), None)
        if self._newest is not None and self._newest[0] == oldest:
            self.seal()
        return oldest

    def read(self, file: Path) -> Segment:
        """What a file holds; what cannot be read is told in one line. Raises OSError."""
        data = file.read_bytes()
        segment = unpack(data)
        failpoints.at("gate.drain_read")
        for damage in segment.damages:
            count = damage.end - damage.start
            if damage.end == len(data):
                log.warning("spool: torn tail, %s bytes of %s are no whole record", count, file)
            else:
                log.error("spool: %s bytes at %s of %s are damaged", count, damage.start, file)
        return segment

    def remove(self, file: Path, segment: Segment) -> None:
        """The database has all that could be read; a damaged file is renamed and stays."""
        with contextlib.suppress(FileNotFoundError):
            if segment.is_damaged:
                file.rename(file.with_suffix(DAMAGED))
            else:
                file.unlink()
        failpoints.at("gate.drain_removed")
        self.size -= self._sizes.pop(file, 0)
        self._adopted.discard(file)

    def keep_refused(self, record: bytes) -> Path:
        """Lay a record aside that PostgreSQL will never take; returns the file."""
        file = self._place if self._folder is None else self._folder.path
        file /= REFUSED
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, record)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        return file

    def _begin(self, folder: Folder) -> tuple[Path, int]:
        file = self._next(folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(file, flags, 0o600)
        self._newest, self._sizes[file] = (file, descriptor), 0
        try:
            sync(folder.path)
            failpoints.at("gate.spool_begun")
        except OSError:
            self._break_off(file, descriptor, 0)
            raise
        return file, descriptor

    def _break_off(self, file: Path, descriptor: int, length: int) -> None:
        """A disk that failed once is not believed: the next record begins a new file."""
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, length)
        self.seal()
        if not length:
            with contextlib.suppress(OSError):
                file.unlink()
            self._sizes.pop(file)

    def _next(self, folder: Folder) -> Path:
        self._number += 1
        return folder.path / f"{self._number:012d}{ENDING}"
