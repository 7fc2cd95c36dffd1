"""What PostgreSQL itself says about the walls: every table, every privilege, every key."""

import pytest
from django.db import connection

from noroshi.base import partitions
from noroshi.base.roles import APP, PIPELINE
from noroshi.config.walls import WALLS
from noroshi.tenants import walls

pytestmark = pytest.mark.django_db

OF_TENANTS = {"tenant", "register", "via", "person"}
# Foreign keys between two tables with a tenant that do not carry it, and why that is no way across.
CARRIED = "the contract and its tenant go with it in another key"
PLAIN_KEYS: dict[str, str] = {
    "contracts_condition.amendment_id -> contracts_amendment": CARRIED,
    "contracts_condition.closed_by_id -> contracts_amendment": CARRIED,
    "contracts_licenseditem.amendment_id -> contracts_amendment": CARRIED,
    "contracts_licenseditem.closed_by_id -> contracts_amendment": CARRIED,
    "contracts_snapshot.amendment_id -> contracts_amendment": CARRIED,
}
# Unique keys on a tenant's table that do not begin with the tenant, and why they tell nothing.
PLAIN_UNIQUES = {
    "code": "random, 72 bits: nobody meets another's",
    "draft_code": "random, 72 bits: nobody meets another's",
    "message_id": "a mail's own id, random or of an incident's random code; written by the house",
    "series_id": "stands for the series, which has a tenant",
    "device_id": "stands for the device, which has a tenant",
    "membership_id": "stands for the membership, which has a tenant",
    "incident_id": "stands for the incident, which has a tenant",
    "recipient_id": "stands for the recipient, who has a tenant",
    "rule_id": "stands for the rule, which has a tenant",
    "shared_id": "stands for the shared rule, which has a tenant",
    "sharedrule_id": "stands for the shared rule, which has a tenant",
    "user_id": "a person's own",
    "space": "a radio address answers for one device; only the office registers, and may know",
    "plan_id": "stands for the plan, which has a tenant",
    "number": "a contract's number, counted by the house; only the office makes contracts",
    "intent_id": "stands for the act of intent, which has a tenant",
    "party_id": "one contract a party; only the office makes tenants, and may know",
}


def ask(question: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall())


def columns_of(table: str) -> set[str]:
    rows = ask(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", table
    )
    return {name for (name,) in rows}


def test_every_table_has_its_wall_and_every_wall_its_table() -> None:
    with connection.cursor() as cursor:
        walls.check_declared(cursor, WALLS)


def test_every_table_has_row_security_on_for_its_owner_too() -> None:
    open_tables = ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition "
        "AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert open_tables == []


def test_every_table_with_a_tenant_is_walled_by_it() -> None:
    kinds = {wall.table: wall.kind for wall in WALLS}
    with_tenant = {wall.table for wall in WALLS if "tenant_id" in columns_of(wall.table)}
    # A connection may serve one tenant, a hold tells of a dispute: tenants never see either.
    office_only = {"inbox_connection", "retention_hold"}
    assert {table for table in with_tenant - office_only if kinds[table] not in OF_TENANTS} == set()


def test_every_policy_of_the_app_asks_who_acts() -> None:
    for wall in WALLS:
        found = ask(
            "SELECT policyname, qual, with_check FROM pg_policies WHERE tablename = %s "
            "AND %s = ANY(roles)",
            wall.table,
            APP,
        )
        if wall.kind == "house":
            assert found == []
            assert wall.why
            continue
        assert "app" in {name for name, _, _ in found}
        for name, seen, written in found:
            if name != "app_sees" or wall.kind != "shared":
                assert "current_setting('noroshi." in (seen or written)
                assert "NULLIF" in (seen or written) or "noroshi.office" in (seen or written)


def test_no_policy_is_for_everybody_but_those_of_the_house() -> None:
    public = {table for (table,) in ask(
        "SELECT tablename FROM pg_policies WHERE 'public' = ANY(roles)"
    )}  # fmt: skip
    assert public == {wall.table for wall in WALLS if wall.kind == "house"}


def test_the_roles_have_exactly_what_is_declared() -> None:
    granted: dict[tuple[str, str], set[str]] = {}
    for role, table, privilege in ask(
        "SELECT r.rolname, c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a "
        "JOIN pg_roles r ON r.oid = a.grantee WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND r.rolname IN (%s, %s)",
        APP,
        PIPELINE,
    ):
        granted.setdefault((role, table), set()).add(privilege)
    declared = {
        (role, wall.table): set(privileges)
        for wall in WALLS
        for role, privileges in ((APP, wall.app), (PIPELINE, wall.pipeline))
        if privileges
    }
    assert granted == declared


def test_nobody_is_granted_what_goes_round_the_walls() -> None:
    found = ask(
        "SELECT c.relname, a.grantee::regrole::text, a.privilege_type "
        "FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'public'::regnamespace "
        "AND a.grantee <> c.relowner "
        "AND (a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE') "
        "OR a.grantee = 0)"
    )
    assert found == []


def test_partitions_are_open_to_the_pipeline_only_and_only_to_pack_and_prune() -> None:
    found = ask(
        "SELECT DISTINCT a.grantee::regrole::text, a.privilege_type "
        "FROM pg_class c, aclexplode(c.relacl) a "
        "WHERE c.relispartition AND c.relkind = 'r' AND a.grantee <> c.relowner"
    )
    assert sorted(found) == sorted((PIPELINE, one) for one in partitions.GRANTED)


def test_the_only_functions_that_run_as_the_owner_are_those_for_partitions() -> None:
    found = ask(
        "SELECT p.oid::regprocedure::text, p.proconfig FROM pg_proc p "
        "WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef"
    )
    wanted = {name.replace(" ", "") for name in partitions.FUNCTIONS}
    assert {name.replace(" ", "") for name, _ in found} == wanted
    assert all(config == ["search_path=pg_catalog, pg_temp"] for _, config in found)
    callers = ask(
        "SELECT DISTINCT a.grantee::regrole::text FROM pg_proc p, aclexplode(p.proacl) a "
        "WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND a.grantee <> p.proowner"
    )
    assert callers == [(PIPELINE,)]


def test_there_is_no_view_that_looks_with_its_makers_eyes() -> None:
    found = ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND (relkind = 'm' OR (relkind = 'v' "
        "AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)))"
    )
    assert found == []


def test_the_roles_are_nobody_special() -> None:
    found = ask(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolinherit, "
        "rolcanlogin FROM pg_roles WHERE rolname IN (%s, %s)",
        APP,
        PIPELINE,
    )
    assert found == [(False, True), (False, True)]


def test_a_reference_between_two_tables_of_tenants_carries_the_tenant() -> None:
    kept = {wall.table for wall in WALLS if "tenant_id" in columns_of(wall.table)}
    keys = ask(
        "SELECT k.conname, c.relname, p.relname, ARRAY(SELECT a.attname::text FROM pg_attribute a "
        "WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)) "
        "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
        "JOIN pg_class p ON p.oid = k.confrelid WHERE k.contype = 'f' AND k.conparentid = 0"
    )
    between = [key for key in keys if key[1] in kept and key[2] in kept]
    carried = {
        (table, frozenset(names) - {"tenant_id"}) for _, table, _, names in between
        if "tenant_id" in names
    }  # fmt: skip
    bare = [
        f"{table}.{names[0]} -> {parent}"
        for _, table, parent, names in between
        if "tenant_id" not in names and (table, frozenset(names)) not in carried
    ]
    assert sorted(set(bare) - set(PLAIN_KEYS)) == []
    assert carried


def test_a_unique_key_of_a_tenants_table_begins_with_the_tenant() -> None:
    kept = [wall.table for wall in WALLS if wall.kind in OF_TENANTS]
    found = ask(
        "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
        "WHERE i.indisunique AND c.relname = ANY(%s) AND a.attname NOT IN ('tenant_id', 'id')",
        kept,
    )
    strange = {f"{table}.{column}" for table, column in found if column not in PLAIN_UNIQUES}
    assert strange == set()
