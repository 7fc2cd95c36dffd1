"""What a gate knows of its database, kept beside the spool for a start while that is away."""

import hashlib
import logging
import stat
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from noroshi.gate.connections import Connection
from noroshi.gate.spool_folder import write_whole

FILE = "connections"
OTHERS = stat.S_IRWXG | stat.S_IRWXO

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Book:
    """The database's mark and its open connections, with hashes in place of secrets."""

    mark: UUID
    connections: tuple[Connection, ...]


class Shelf:
    """Where the book lies: one file of mode 0600, of all gates that share a place."""

    def __init__(self, place: Path) -> None:
        """Nothing is touched before `lay` or `find`."""
        self.file = place / FILE
        self._laid = b""

    def lay(self, book: Book) -> None:
        """Put the book there, durably, unless that is what this gate laid there last.

        Raises OSError.
        """
        data = msgspec.json.encode(book)
        if data != self._laid:
            write_whole(self.file, _sum(data) + b"\n" + data)
            self._laid = data

    def find(self) -> Book | None:
        """The book, or None with a line in the log when it is missing or not to be believed."""
        try:
            status = self.file.stat()
            told, _, data = self.file.read_bytes().partition(b"\n")
            if status.st_mode & OTHERS:
                log.error("%s is open to others and not believed; remove it", self.file)
            elif _sum(data) == told:
                return msgspec.json.decode(data, type=Book)
            else:
                log.error("%s is damaged and not believed", self.file)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as error:
            log.error("%s cannot be read: %s", self.file, error)
        return None


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
