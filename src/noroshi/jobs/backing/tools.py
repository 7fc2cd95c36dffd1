"""PostgreSQL's own programs: which ones fit a server, and how they are run."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from noroshi.base.environment import Environment
from noroshi.jobs.backing.errors import CannotBackUp
from noroshi.jobs.postgres import DatabaseUnavailable, Embedded
from noroshi.jobs.postgres_files import last_line
from noroshi.jobs.postgres_place import installed_programs

CONNECT_S_MAX = 10
DEBIAN = Path("/usr/lib/postgresql")
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server to copy from or into.

    Attributes:
        url: for a role that no wall holds.
        programs: where the tools are that fit it. version: e.g. 180006.
    """

    url: str
    programs: Path
    version: int

    def run(self, name: str, words: Sequence[str]) -> None:
        """Run one tool on this server; raises ToolFailed with its last line."""
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own tools
            [str(self.programs / name), *words],
            env=environment_of(self.url),
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise ToolFailed(f"{name}: {last_line(done.stderr or done.stdout)}")


class ToolFailed(Exception):
    """One of PostgreSQL's tools failed; its own last line."""


def source_of(env: Environment) -> Server:
    """The server of this installation, for a role that sees every row. Raises CannotBackUp."""
    if env.backup.url:
        return server_at(env.backup.url)
    embedded = Embedded(env.var / "postgres")
    try:
        port = embedded.status.port if (env.var / "postgres.pgpass").is_file() else None
    except DatabaseUnavailable as error:
        raise CannotBackUp(str(error)) from None
    if port is None or f":{port}/" not in env.database_url:
        raise CannotBackUp(
            "set NOROSHI_BACKUP_URL to a role that sees every row (docs/operators.md, backups): "
            f"no embedded database runs in {env.var}"
        )
    return server_at(embedded.superuser_url)


def server_at(url: str) -> Server:
    """The server at an address, with the tools that fit it. Raises CannotBackUp."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_S_MAX) as connection:
            version = connection.info.server_version
            row = connection.execute(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        said = " ".join(str(error).replace(url, "...").split())
        raise CannotBackUp(f"the database cannot be reached: {said}") from None
    if row != (True,):
        raise CannotBackUp("this role does not see every row: take a superuser or BYPASSRLS")
    return Server(url, programs_for(version // 10000), version)


def programs_for(major: int) -> Path:
    """The folder of the tools of this version, or newer ones that also serve it."""
    own = [DEBIAN / str(major) / "bin"]
    found = shutil.which("pg_dump")
    if found is not None:
        own.append(Path(found).parent)
    for folder in own:
        if (folder / "pg_dump").exists() and major_of(folder) == major:
            return folder
    try:
        embedded = installed_programs()
    except DatabaseUnavailable:
        raise CannotBackUp(f"there are no client tools of PostgreSQL {major} here") from None
    if major_of(embedded) < major:
        raise CannotBackUp(f"install the client tools of PostgreSQL {major}: these are older")
    return embedded


def major_of(folder: Path) -> int:
    """The version of the tools in a folder."""
    argv = [str(folder / "pg_dump"), "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    word = done.stdout.partition(")")[2].strip().partition(".")[0]
    return int(word) if word.isdigit() else 0


def environment_of(url: str) -> dict[str, str]:
    """An address as the tools read it: never on a command line, where all could see it."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    parts = conninfo_to_dict(url)
    return known | {VARIABLES[name]: str(parts[name]) for name in VARIABLES if name in parts}
