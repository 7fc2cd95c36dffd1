"""What the embedded PostgreSQL is told: its settings, who may come in, and its roles."""

import secrets

from noroshi.base import roles
from noroshi.base.roles import APP, OWNER, PIPELINE, WAL, Urls

DATABASE = "noroshi"
MAINTENANCE = "postgres"  # the database in which roles are made
SUPERUSER = "postgres"
FIRST_ROLES = (SUPERUSER, OWNER)
# Roles of a later version: a cluster that was made before gets them at its next start.
LATER_ROLES = (APP, PIPELINE, WAL)
PASSWORD_BYTES = 24

SETTINGS = """\
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
max_slot_wal_keep_size = 4GB
wal_compression = pglz
checkpoint_timeout = 15min
random_page_cost = 1.1
effective_io_concurrency = 32
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 5s
password_encryption = 'scram-sha-256'
"""
FAST_SETTINGS = """\
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
"""

ACCESS = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
local replication all scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


def new_passwords() -> dict[str, str]:
    """A password for every role."""
    return {role: secrets.token_urlsafe(PASSWORD_BYTES) for role in (*FIRST_ROLES, *LATER_ROLES)}


def all_roles(passwords: dict[str, str]) -> list[str]:
    """The SQL that makes all roles of a new cluster, and the database."""
    return [
        f"ALTER ROLE {SUPERUSER} PASSWORD '{passwords[SUPERUSER]}'",
        f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{passwords[OWNER]}'",
        *(line for role in LATER_ROLES for line in _making(role, passwords)),
        f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
    ]


def completed(passwords: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The passwords with those that were missing, and the SQL that makes them true.

    A lost file gives every role a new one; a role of a later version is made.
    """
    known = passwords if passwords.keys() >= set(FIRST_ROLES) else {}
    words = new_passwords() | known
    statements = [
        f"ALTER ROLE {role} PASSWORD '{words[role]}'" for role in FIRST_ROLES if role not in known
    ]
    for role in LATER_ROLES:
        if role not in known:
            statements += _making(role, words)
    return words, statements


def superuser_url(passwords: dict[str, str], port: int | None, *, database: str = DATABASE) -> str:
    """The address of the role that no wall holds."""
    return f"postgresql://{SUPERUSER}:{passwords[SUPERUSER]}@127.0.0.1:{port}/{database}"


def receiver_url(passwords: dict[str, str], port: int | None) -> str:
    """The address of the role that receives the log."""
    return f"postgresql://{WAL}:{passwords[WAL]}@127.0.0.1:{port}/{MAINTENANCE}"


def urls_of(passwords: dict[str, str], port: int | None) -> Urls:
    """The address for each role of a server that listens on this port of this machine."""
    own, app, pipeline = (
        f"postgresql://{role}:{passwords[role]}@127.0.0.1:{port}/{DATABASE}"
        for role in (OWNER, APP, PIPELINE)
    )
    return Urls(own, app, pipeline)


def _making(role: str, passwords: dict[str, str]) -> list[str]:
    if role == WAL:
        return roles.making_receiver(passwords[role])
    return roles.making(role, passwords[role], owner=OWNER)
