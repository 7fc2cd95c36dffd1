"""The database roles: how they are made, which program has which, what each may not be."""

import urllib.parse
from dataclasses import dataclass

import psycopg

OWNER = "noroshi"
APP = "noroshi_app"
PIPELINE = "noroshi_pipeline"
WAL = "noroshi_wal"  # receives the server's log, and sees no row of any table

ROLE_OF_PROGRAM = {
    "web": APP,
    "live": APP,
    "gate": PIPELINE,
    "listen": PIPELINE,
    "work": PIPELINE,
    "send": PIPELINE,
    "receive": PIPELINE,
    "tick": PIPELINE,
    "kind": PIPELINE,
    "rebuild": PIPELINE,
    "contract": PIPELINE,
    "ledger": PIPELINE,
    "retention": PIPELINE,
    "backup": PIPELINE,
    "drill": PIPELINE,
    "wal": PIPELINE,
    "add-staff": PIPELINE,
    "remove-factors": PIPELINE,
    "import-places": PIPELINE,
    "device": PIPELINE,
    "import-devices": PIPELINE,
    "account": PIPELINE,
    "prepare-demo": PIPELINE,
}
# What a program's own connections may take, unless it says otherwise for one transaction.
LIMITS = {
    APP: {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "60s",
    },
    # A sender holds its claim while a slow mail server answers, so this is only for the hung.
    PIPELINE: {"idle_in_transaction_session_timeout": "15min"},
}
MAKING = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
    "THEN CREATE ROLE {role}; END IF; END $$"
)
# PostgreSQL 15 knows no INHERIT for one membership; the owner passes the walls anyway when it must.
JOINING = (
    "DO $$ BEGIN IF current_setting('server_version_num')::int >= 160000 "
    "THEN EXECUTE 'GRANT {role} TO \"{owner}\" WITH INHERIT FALSE, SET TRUE'; "
    "ELSE EXECUTE 'GRANT {role} TO \"{owner}\"'; END IF; END $$"
)
STANDING = """
SELECT r.rolsuper, r.rolbypassrls, r.rolcreaterole OR r.rolcreatedb,
  EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid),
  EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid)
    OR EXISTS (SELECT FROM pg_proc p WHERE p.proowner = r.oid),
  has_schema_privilege(r.oid, 'public', 'CREATE'),
  obj_description(to_regclass('public.tenants_tenant'), 'pg_class'),
  (SELECT min(c.relname) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity))
FROM pg_roles r WHERE r.rolname = current_user
"""


@dataclass(frozen=True, slots=True)
class Urls:
    """The database's address for each role."""

    owner: str
    app: str
    pipeline: str

    def of(self, role: str) -> str:
        """The address of APP or PIPELINE."""
        return self.app if role == APP else self.pipeline


class WrongRole(Exception):
    """A program may not run with this connection; the text says why and what to do."""


def making(role: str, password: str, *, owner: str) -> list[str]:
    """The SQL that makes APP or PIPELINE, or sets right one that is there; one line each.

    `owner` becomes a member that may act as the role (SET ROLE) and inherits nothing of it.
    """
    return [
        MAKING.format(role=role),
        f"ALTER ROLE {role} LOGIN NOINHERIT PASSWORD '{password}'",
        *(f"ALTER ROLE {role} SET {name} = '{value}'" for name, value in LIMITS[role].items()),
        JOINING.format(role=role, owner=owner),
    ]


def making_receiver(password: str) -> list[str]:
    """The SQL that makes WAL, in the database `postgres`, where it works; one line each.

    It may follow the log, and say whether commits wait for it.
    """
    return [
        MAKING.format(role=WAL),
        f"ALTER ROLE {WAL} LOGIN REPLICATION NOINHERIT CONNECTION LIMIT 8 PASSWORD '{password}'",
        f"GRANT ALTER SYSTEM ON PARAMETER synchronous_standby_names TO {WAL}",
        f"GRANT EXECUTE ON FUNCTION pg_reload_conf() TO {WAL}",
    ]


def address(url: str, role: str, password: str) -> str:
    """The same database for another role."""
    parts = urllib.parse.urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{role}:{urllib.parse.quote(password)}@{place}").geturl()


def check(connection: "psycopg.Connection[tuple[object, ...]]", role: str, walls: str) -> None:
    """Raise WrongRole unless this connection is `role` and stands before walls called `walls`."""
    reason = _fault(connection, role, walls)
    if reason:
        raise WrongRole(reason)


def _fault(
    connection: "psycopg.Connection[tuple[object, ...]]", role: str, walls: str
) -> str | None:
    name = connection.execute("SELECT current_user").fetchone()
    if name != (role,):
        called = name[0] if name else ""
        return f"the database role is {called}, it must be {role}; set its address ({_NAMES[role]})"
    found = connection.execute(STANDING).fetchone() or ()
    for is_so, words in zip(found, _WRONGS, strict=False):
        if is_so:
            return f"the database role {role} {words}"
    if found[6] != walls:
        return "the tables are not of this version; run `noroshi migrate` as the owner"
    if found[7]:
        return f"the table {found[7]} has no wall; run `noroshi migrate` as the owner"
    return None


_NAMES = {APP: "NOROSHI_APP_DATABASE_URL", PIPELINE: "NOROSHI_PIPELINE_DATABASE_URL"}
_WRONGS = (
    "is a superuser, which no wall holds; make it one that is not (docs/operators.md)",
    "passes every wall; run ALTER ROLE … NOBYPASSRLS (docs/operators.md)",
    "may make roles or databases; run ALTER ROLE … NOCREATEROLE NOCREATEDB (docs/operators.md)",
    "is a member of another role; REVOKE that (docs/operators.md)",
    "owns tables or functions; it may own nothing (docs/operators.md)",
    "may make tables; run REVOKE CREATE ON SCHEMA public FROM PUBLIC (docs/operators.md)",
)
