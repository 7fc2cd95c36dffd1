"""What a backup says of itself: its files with their hashes, and what must be in them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from noroshi.jobs.backing.errors import BadBackup

NAME = "manifest.json"
PREFIX, HALF = "noroshi-", ".part"
FORMAT = 1
READ_BYTES = 1 << 20


class File(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Ledger(msgspec.Struct, frozen=True):
    """Where the chains of acts stood: how many, their links, one hash over all heads."""

    chains: int
    links: int
    heads: str


class Holding(msgspec.Struct, frozen=True):
    """What a database holds at one instant: rows by table (partitions counted in), and chains."""

    rows: dict[str, int]
    ledger: Ledger


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A backup in its own words.

    Attributes:
        form: `dump` (pg_dump) or `base` (pg_basebackup with its write-ahead log).
        made_at: when it was begun.
        took_s: seconds.
        version: of the product. server: of PostgreSQL, e.g. 180006.
        schema: app → its last migration.
        secret: tells one secret key from another without telling it.
        before, after: what the database held; of a dump both are the same instant, its own.
    """

    format: int = FORMAT
    form: str
    made_at: datetime
    took_s: float
    version: str
    server: int
    schema: dict[str, str]
    secret: str
    before: Holding
    after: Holding
    files: list[File]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def count(self) -> int:
        """Rows of all tables."""
        return sum(self.after.rows.values())


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in its folder."""

    folder: Path
    manifest: Manifest


def write(folder: Path, manifest: Manifest) -> None:
    """Put the manifest beside the files of a backup."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / NAME).write_bytes(text + b"\n")


def read(place: Path) -> Backup:
    """The backup at a folder, or at any file in it. Raises BadBackup."""
    folder = place if place.is_dir() else place.parent
    try:
        found = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BadBackup(f"{place} is no backup: there is no {NAME}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise BadBackup(f"{folder / NAME} cannot be read: {error}") from None
    if found.format != FORMAT:
        raise BadBackup(f"{folder} is of format {found.format}; this version reads {FORMAT}")
    return Backup(folder, found)


def all_in(folder: Path) -> list[Backup]:
    """Every whole backup in the folder of backups, the oldest first."""
    found = [read(place) for place in folder.glob(f"{PREFIX}*/{NAME}") if not is_half(place)]
    return sorted(found, key=lambda one: one.manifest.made_at)


def is_half(place: Path) -> bool:
    """Whether this belongs to a backup that is still made, or was never finished."""
    return place.parent.suffix == HALF


def newest(place: Path) -> Backup:
    """The backup at this place, or the newest of those in it. Raises BadBackup."""
    if is_one(place):
        return read(place)
    found = all_in(place)
    if not found:
        raise BadBackup(f"there is no backup in {place}")
    return found[-1]


def is_one(place: Path) -> bool:
    """Whether this is one backup, or a file of one, and not a folder of many."""
    return not place.is_dir() or (place / NAME).exists()


def check_files(backup: Backup) -> None:
    """Raise BadBackup unless every file is as it was written, to the byte."""
    for file in backup.manifest.files:
        path = backup.folder / file.name
        if not path.is_file():
            raise BadBackup(f"{path} is missing")
        seen = file_of(path)
        if seen.size != file.size:
            raise BadBackup(f"{path} has {seen.size} bytes, it had {file.size}")
        if seen.sha256 != file.sha256:
            raise BadBackup(f"{path} is not what was written: its SHA-256 differs")


def file_of(path: Path) -> File:
    """A file as it is now."""
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256")
    return File(path.name, path.stat().st_size, digest.hexdigest())


def compared(backup: Manifest, found: Holding) -> list[str]:
    """What differs between a backup and what came of it, a line each; none: it is whole.

    While a base backup runs the house goes on: what comes of it lies between before and after.
    """
    wrong = []
    names = backup.before.rows.keys() | backup.after.rows.keys()
    for name in sorted(names):
        counts = sorted([backup.before.rows.get(name, 0), backup.after.rows.get(name, 0)])
        rows = found.rows.get(name)
        if rows is None:
            wrong.append(f"the table {name} is missing")
        elif not counts[0] <= rows <= counts[1]:
            wrong.append(f"{name} has {rows} rows, it had {counts[1]}")
    if found.ledger not in {backup.before.ledger, backup.after.ledger}:
        wrong.append("the chains of acts do not end where they ended")
    return wrong


def grown(backup: Manifest, found: Holding, schema: dict[str, str]) -> list[str]:
    """The same when the log was replayed: rows come and go, but no table and no act is lost.

    Tables are compared where nothing was migrated since.
    """
    wrong = []
    if schema == backup.schema:
        missing = sorted(backup.after.rows.keys() - found.rows.keys())
        wrong = [f"the table {name} is missing" for name in missing]
    before, after = backup.before.ledger, found.ledger
    if after.links < before.links or after.chains < before.chains:
        wrong.append("the chains of acts are shorter than they were")
    return wrong


def fingerprint(secret: str) -> str:
    """A mark of a secret key that tells nothing of it."""
    return hashlib.blake2b(b"which key", key=secret.encode()[:64], digest_size=8).hexdigest()
