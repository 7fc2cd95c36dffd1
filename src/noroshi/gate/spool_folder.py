"""The folders of a spool: who holds which, and to which database its files belong."""

import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

FOLDERS_MAX = 1000
ENDING = ".spool1"  # the number is the format's
MARK = "database"
OURS_ONLY = 0o700


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that this process holds until `release`, or its end."""

    path: Path
    lock: int

    def release(self) -> None:
        """Let it go; what is in it stays."""
        os.close(self.lock)

    def files(self) -> list[Path]:
        """What waits in it, the oldest first."""
        return sorted(self.path.glob(f"*{ENDING}"))

    def is_of(self, mark: UUID) -> bool:
        """Whether its files belong to that database; those of a folder without a mark do."""
        try:
            return (self.path / MARK).read_text() == str(mark)
        except FileNotFoundError:
            return True
        except UnicodeDecodeError:
            return False

    def put_mark(self, mark: UUID) -> None:
        """Say, durably, to which database its files belong. Raises OSError."""
        write_whole(self.path / MARK, str(mark).encode())


def take(place: Path, mark: UUID) -> Folder:
    """The first folder that nobody holds and that holds nothing of another database.

    Raises OSError.
    """
    for number in range(FOLDERS_MAX):
        path = place / str(number)
        path.mkdir(exist_ok=True, mode=OURS_ONLY)
        folder = _hold(path)
        if folder is None:
            continue
        if folder.is_of(mark) or not folder.files():
            folder.put_mark(mark)
            return folder
        folder.release()
    raise OSError(errno.EBUSY, f"all {FOLDERS_MAX} folders are held by other gates")


def orphans(place: Path, own: Folder) -> Iterator[Folder]:
    """Every other folder that nobody holds, each held while it is looked at. Raises OSError."""
    for path in sorted(place.iterdir()):
        if path == own.path or not path.is_dir():
            continue
        folder = _hold(path)
        if folder is not None:
            try:
                yield folder
            finally:
                folder.release()


def sync(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(file: Path, data: bytes) -> None:
    """Put a file of mode 0600 in its place, durably: the former one, or this, never a part of it.

    Raises OSError.
    """
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(file)
    sync(file.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _hold(path: Path) -> Folder | None:
    """Hold a folder for as long as this process lives and the descriptor is open."""
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return Folder(path, descriptor)
