"""The second wall: which database role may see and write which rows, enforced by PostgreSQL.

Every room declares its tables in its own `walls.py`; `build` puts row level security, policies and
grants in their place after every migration. The first wall is `tenants.access`: this one holds
when a query forgets its filter.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from noroshi.base import partitions
from noroshi.base.roles import APP, PIPELINE

TENANT_NOW = "nullif(current_setting('noroshi.tenant', true), '')::bigint"
USER_NOW = "nullif(current_setting('noroshi.user', true), '')::bigint"
IN_OFFICE = "current_setting('noroshi.office', true) = 'on'"
OWN = f"tenant_id = {TENANT_NOW}"
SELF = f"user_id = {USER_NOW}"
ANY = "true"

READ = ("SELECT",)
ADD = ("SELECT", "INSERT")
KEEP = ("SELECT", "INSERT", "UPDATE")
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")

KEPT_YEARS = 10  # what people and visitors did
LOCK_WAIT_MS = 10_000
NOTE = "noroshi walls "


class Undeclared(Exception):
    """A table stands behind no wall, or a wall before no table; the text names it."""


@dataclass(frozen=True, slots=True)
class Wall:
    """One table: which rows the app may see and write, and what each role is granted.

    Attributes:
        kind: tenant, register, office, shared, via, person, house: what the catalogue test expects.
        sees, writes: conditions in SQL on a row; `adds`: on a new row, where that is wider.
        app, pipeline: the privileges granted. No role ever gets TRUNCATE, REFERENCES or TRIGGER.
        why: for a house table, why no tenant's row stands in it.
        kept_years: how long no program may delete a row, counted from its `at`; 0 = no such rule.
    """

    table: str
    kind: str
    sees: str
    writes: str
    app: Sequence[str] = READ
    pipeline: Sequence[str] = ALL
    adds: str = ""
    why: str = ""
    kept_years: int = 0


def tenant(
    table: str, app: Sequence[str] = READ, *, pipeline: Sequence[str] = ALL, key: str = "tenant_id"
) -> Wall:
    """Only the tenant acted for."""
    own = f"{key} = {TENANT_NOW}"
    return Wall(table, "tenant", own, own, app, pipeline)


def register(
    table: str, app: Sequence[str] = READ, *, pipeline: Sequence[str] = ALL, adds: str = ""
) -> Wall:
    """The tenant acted for, and the office: what the provider must see to serve at all."""
    both = f"{OWN} OR {IN_OFFICE}"
    return Wall(table, "register", both, both, app, pipeline, f"{both} OR {adds}" if adds else "")


def office(table: str, app: Sequence[str] = READ) -> Wall:
    """The office only."""
    return Wall(table, "office", IN_OFFICE, IN_OFFICE, app)


def shared(table: str, app: Sequence[str] = ALL, *, pipeline: Sequence[str] = ALL) -> Wall:
    """Read by every tenant, written by the office."""
    return Wall(table, "shared", ANY, IN_OFFICE, app, pipeline)


def via(table: str, parent: str, key: str, app: Sequence[str] = READ, *, also: str = "") -> Wall:
    """A table without a tenant of its own: as its parent row of the tenant acted for."""
    own = f"EXISTS (SELECT FROM {parent} p WHERE p.id = {table}.{key} AND p.{OWN})"
    return Wall(table, "via", own, f"{own} AND {also}" if also else own, app)


def via_register(table: str, parent: str, key: str, app: Sequence[str] = READ) -> Wall:
    """The same, and the office."""
    both = (
        f"EXISTS (SELECT FROM {parent} p WHERE p.id = {table}.{key} AND (p.{OWN} OR {IN_OFFICE}))"
    )
    return Wall(table, "via", both, both, app)


def person(
    table: str, app: Sequence[str] = READ, *, pipeline: Sequence[str] = ALL, also: str = ""
) -> Wall:
    """A person's own rows; the tenant acted for sees those of its people, the office all."""
    mates = f"m.user_id = {table}.user_id AND m.{OWN}"
    seen = f"{SELF} OR {IN_OFFICE} OR EXISTS (SELECT FROM tenants_membership m WHERE {mates})"
    seen = f"{seen} OR {also}" if also else seen
    return Wall(table, "person", seen, seen, app, pipeline)


def house(table: str, why: str, app: Sequence[str] = (), *, pipeline: Sequence[str] = ALL) -> Wall:
    """No tenant's rows. The grants alone decide; `why` says why that is enough."""
    return Wall(table, "house", ANY, ANY, app, pipeline, why=why)


def digest(walls: Sequence[Wall]) -> str:
    """A name for exactly these walls, compared by every program as it starts."""
    text = "\n".join([*(line for wall in walls for line in _statements(wall)), *_functions()])
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def note(walls: Sequence[Wall]) -> str:
    """What the database says of itself once these walls stand."""
    return NOTE + digest(walls)


def let_owner_in(cursor: CursorWrapper) -> None:
    """Until the next `build` the tables' owner sees their rows; nobody else sees more than before.

    For migrations: PostgreSQL checks a new foreign key with the owner's eyes, and would find no
    row that breaks it.
    """
    cursor.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
    for table in sorted(tables(cursor)):
        cursor.execute(f'ALTER TABLE public."{table}" NO FORCE ROW LEVEL SECURITY')


def build(cursor: CursorWrapper, walls: Sequence[Wall]) -> None:
    """Put every wall in its place; the caller is the owner and holds the transaction.

    Safe to repeat. A table without a wall is left without a grant: nobody gets at it.
    """
    cursor.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        cursor.execute(f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM PUBLIC, {APP}, {PIPELINE}")
    for table, policy in _old_policies(cursor):
        cursor.execute(f'DROP POLICY "{policy}" ON public."{table}"')
    for line in (line for wall in walls for line in _statements(wall)):
        cursor.execute(line)
    for line in _functions():
        cursor.execute(line)
    _grant_parts(cursor, walls)
    cursor.execute(f"COMMENT ON TABLE public.tenants_tenant IS '{note(walls)}'")


def _grant_parts(cursor: CursorWrapper, walls: Sequence[Wall]) -> None:
    """What belongs to a table and is asked by itself: its partitions, a sequence in a DEFAULT."""
    for part in _partitions(cursor):
        cursor.execute(f'GRANT {", ".join(partitions.GRANTED)} ON public."{part}" TO {PIPELINE}')
    for table, sequence in _sequences(cursor):
        for role, granted in _granted(walls, table):
            if "INSERT" in granted:
                cursor.execute(f'GRANT USAGE ON SEQUENCE public."{sequence}" TO {role}')


def check_declared(cursor: CursorWrapper, walls: Sequence[Wall]) -> None:
    """Raise Undeclared unless every table has its wall, and every wall its table."""
    declared, there = {wall.table for wall in walls}, tables(cursor)
    wrong = [f"{name} has no wall" for name in there - declared]
    wrong += [f"{name} is no table" for name in declared - there]
    if wrong:
        raise Undeclared(f"tables and walls do not agree: {', '.join(sorted(wrong))}")


def stands(cursor: CursorWrapper, walls: Sequence[Wall]) -> bool:
    """Whether exactly these walls were built here."""
    cursor.execute("SELECT obj_description(to_regclass('public.tenants_tenant'), 'pg_class')")
    return bool(cursor.fetchone() == (note(walls),))


def tables(cursor: CursorWrapper) -> set[str]:
    """Every table of ours, partitions counted into their table."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    return {str(name) for (name,) in cursor.fetchall()}


def _statements(wall: Wall) -> Iterator[str]:
    on = f'public."{wall.table}"'
    yield f"ALTER TABLE {on} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {on} FORCE ROW LEVEL SECURITY"
    if wall.kind == "house":
        # The owner too: migrations write some of these (their own record, content types).
        yield f"CREATE POLICY house ON {on} USING (true) WITH CHECK (true)"
    else:
        yield f"CREATE POLICY pipeline ON {on} TO {PIPELINE} USING (true) WITH CHECK (true)"
        yield f"CREATE POLICY app ON {on} TO {APP} USING ({wall.writes}) WITH CHECK ({wall.writes})"
    if wall.sees != wall.writes:
        yield f"CREATE POLICY app_sees ON {on} FOR SELECT TO {APP} USING ({wall.sees})"
    if wall.adds:
        yield f"CREATE POLICY app_adds ON {on} FOR INSERT TO {APP} WITH CHECK ({wall.adds})"
    if wall.kept_years:
        yield (
            f"CREATE POLICY kept ON {on} AS RESTRICTIVE FOR DELETE TO {PIPELINE} "
            f"USING (at < now() - interval '{wall.kept_years} years')"
        )
    for role, granted in ((APP, wall.app), (PIPELINE, wall.pipeline)):
        if granted:
            yield f"GRANT {', '.join(granted)} ON {on} TO {role}"


def _functions() -> Iterator[str]:
    for signature, body in partitions.FUNCTIONS.items():
        yield body
        yield f"REVOKE ALL ON FUNCTION public.{signature} FROM PUBLIC"
        yield f"GRANT EXECUTE ON FUNCTION public.{signature} TO {PIPELINE}"


def _old_policies(cursor: CursorWrapper) -> list[tuple[str, str]]:
    cursor.execute("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")
    return list(cursor.fetchall())


def _partitions(cursor: CursorWrapper) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind = 'r' AND relispartition"
    )
    return [str(name) for (name,) in cursor.fetchall()]


def _sequences(cursor: CursorWrapper) -> list[tuple[str, str]]:
    """(table, sequence) of what a DEFAULT calls: those of identity columns need no grant."""
    cursor.execute(
        "SELECT t.relname, s.relname FROM pg_depend d JOIN pg_class s ON s.oid = d.objid "
        "JOIN pg_class t ON t.oid = d.refobjid "
        "WHERE s.relkind = 'S' AND d.deptype = 'a' AND s.relnamespace = 'public'::regnamespace"
    )
    return list(cursor.fetchall())


def _granted(walls: Sequence[Wall], table: str) -> list[tuple[str, Sequence[str]]]:
    wall = next(wall for wall in walls if wall.table == table)
    return [(APP, wall.app), (PIPELINE, wall.pipeline)]
