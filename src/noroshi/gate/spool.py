"""The gate's journal on its own disk, for the time in which PostgreSQL takes nothing."""

import contextlib
import errno
import fcntl
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from noroshi.gate.spool_format import Segment, unpack

SEGMENT_BYTES_MAX = 8 << 20
FOLDERS_MAX = 1000
ENDING = ".spool1"  # the number is the format's
DAMAGED = ".damaged"
REFUSED = "refused"

log = logging.getLogger(__name__)


class SpoolFull(Exception):
    """The spool holds as much as it may."""


class Spool:
    """Numbered files in a folder that one gate holds; used by one thread at a time.

    A gate takes the first folder of `place` that nobody holds, and what dead gates left in others.
    """

    def __init__(self, place: Path, bytes_max: int) -> None:
        """Nothing is touched before `open`; `bytes_max` 0 = no spool."""
        self.bytes_max = bytes_max
        self.size = 0  # bytes that wait for the database
        self._place = place
        self._folder = place
        self._lock: int | None = None
        self._sizes: dict[Path, int] = {}  # the oldest first
        self._number = 0
        self._newest: tuple[Path, int] | None = None  # while it is written

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for the database."""
        return not self._sizes

    @property
    def can_take(self) -> bool:
        """Whether there is room, as far as the setting goes."""
        return self.size < self.bytes_max

    def open(self) -> None:
        """Take a folder and what the dead left. Raises OSError."""
        if not self.bytes_max:
            return
        self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._lock = _free_folder(self._place)
        for file in _segments(self._folder):
            self._sizes[file] = file.stat().st_size
            self._number = int(file.stem)
        for other in sorted(self._place.iterdir()):
            if other != self._folder and other.is_dir():
                self._adopt(other)
        self.size = sum(self._sizes.values())
        for folder in (self._place.parent, self._place, self._folder):
            _sync_folder(folder)
        if self._sizes:
            log.warning("spool: %s bytes left by a gate that ended", self.size)

    def close(self) -> None:
        """Let the folder go; what is in it stays."""
        self.seal()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def append(self, records: Iterable[bytes]) -> None:
        """Write records behind all others and return when they are durable.

        Raises SpoolFull, or OSError when the disk does not take them: none of them counts then.
        """
        data = b"".join(records)
        if self.size + len(data) > self.bytes_max:
            raise SpoolFull(f"{self.size} bytes of {self.bytes_max} wait for the database")
        file, descriptor = self._newest or self._begin()
        had = self._sizes[file]
        try:
            _write_all(descriptor, data)
            os.fdatasync(descriptor)
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
        if len(self._sizes) == 1:
            self.seal()
        return oldest

    def read(self, file: Path) -> Segment:
        """What a file holds; what cannot be read is told in one line. Raises OSError."""
        data = file.read_bytes()
        segment = unpack(data)
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
        self.size -= self._sizes.pop(file, 0)

    def keep_refused(self, record: bytes) -> Path:
        """Lay a record aside that PostgreSQL will never take; returns the file."""
        file = self._folder / REFUSED
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _write_all(descriptor, record)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        return file

    def _begin(self) -> tuple[Path, int]:
        file = self._next()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(file, flags, 0o600)
        self._newest, self._sizes[file] = (file, descriptor), 0
        try:
            _sync_folder(self._folder)
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

    def _adopt(self, other: Path) -> None:
        lock = _try_lock(other)
        if lock is None:
            return
        try:
            for file in _segments(other):
                size = file.stat().st_size
                self._sizes[file.rename(self._next())] = size
            _sync_folder(other)
        finally:
            os.close(lock)

    def _next(self) -> Path:
        self._number += 1
        return self._folder / f"{self._number:012d}{ENDING}"


def _free_folder(place: Path) -> tuple[Path, int]:
    for number in range(FOLDERS_MAX):
        folder = place / str(number)
        folder.mkdir(exist_ok=True, mode=0o700)
        lock = _try_lock(folder)
        if lock is not None:
            return folder, lock
    raise OSError(errno.EBUSY, f"all {FOLDERS_MAX} folders are held by other gates")


def _segments(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob(f"*{ENDING}"))


def _try_lock(folder: Path) -> int | None:
    """Hold a folder for as long as this process lives and the descriptor is open."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
