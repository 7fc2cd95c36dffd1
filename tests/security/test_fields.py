"""Nobody writes a field that a form does not show: each is sent every column of every table."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from noroshi.jobs.smoking import page
from tests.house.matrix import FORWARDED, OWN, browser_of, variants
from tests.house.matrix_table import LINES, ROLES, STAFFS
from tests.house.matrix_world import World

FORMS = sorted(name for name, line in LINES.items() if line.post)
POISON = "p0is0n"
# What gives power or moves rows between contractors: no form of anybody's may set it by its column.
POWERS = {
    "tenants_user": "id, login, kind, staff_roles, subcontractor_id, is_active",
    "tenants_membership": "id, tenant_id, user_id, has_authority",
    "tenants_tenant": "id, code, kind_id, created_at",
    "tenants_visit": "id, code, tenant_id, visitor_id, kind, filed_by_id, filed_at, since, until",
    "devices_device": "id, code, tenant_id, thing_id, registered_at, held_from, retired_at",
    "devices_thing": "id, code, space, address, registered_at",
    "alarms_rule": "id, code, tenant_id, device_id, created_at",
    "alarms_recipient": "id, code, tenant_id, created_at",
    "alarms_incident": "id, code, tenant_id, device_id, opened_at",
    "tenants_enrolment": "id, code, tenant_id, named_by_id",
    "tenants_intent": "id, code, tenant_id, hash, text, user_id",
    "contracts_contract": "id, code, tenant_id, number, state, from_day, until_day, formed_at",
    "contracts_condition": "id, tenant_id, contract_id, value, level, from_day, until_day",
    "contracts_licenseditem": "id, tenant_id, contract_id, item, from_day, until_day",
    "inbox_connection": "id, token_hash, created_at",
}
# What an address is for: this much of POWERS changes by it, on purpose, by its own field.
MEANT = {
    "office-device-retire": {"retired_at"},
    "office-thing-release": {"retired_at"},
    "office-thing-retire": {"retired_at"},
    "office-staff-one": {"staff_roles"},
    "office-visit-end": {"until", "is_active"},
    "office-subcontractor-person-close": {"is_active"},
    "office-connection-renew": {"token_hash"},
    "office-member-state": {"is_active"},
}


def columns() -> dict[str, str]:
    """Every column of every table with a value that would do harm, as text in a form."""
    found: dict[str, str] = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            for name in (field.name, field.attname):
                found[name] = harmful(field.get_internal_type(), name)
    return found


def harmful(kind: str, name: str) -> str:
    """A value that fits the column and would be noticed."""
    if name in {"kind", "role", "staff_roles", "state"}:
        return {"kind": "staff", "role": "admin", "staff_roles": "admin", "state": "active"}[name]
    if "Boolean" in kind:
        return "on"
    if "Date" in kind:
        return "2099-01-01 00:00"
    return "1" if "Integer" in kind or "Key" in kind or "Auto" in kind else POISON


def state(table: str, names: str) -> dict[object, tuple[object, ...]]:
    """The rows that are there, by id."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, {names} FROM {table}")
        return {row[0]: row[1:] for row in cursor.fetchall()}


def shown(client: Client, address: str) -> dict[str, list[str]]:
    """The forms of the page as they stand there, filled in as far as the page does."""
    answer = client.get(address, **FORWARDED)
    known: dict[str, list[str]] = {}
    for form in page.read(address, answer.status_code, answer.content, {}).forms:
        if form.method == "post":
            known |= {name: form.values.get(name, []) for name in form.names} | form.values
    return known


def changes(client: Client, name: str, address: str) -> Iterator[str]:
    """What of POWERS a whole form with every other column added to it changed."""
    fields = shown(client, address) if LINES[name].get else {}
    harm = {key: value for key, value in columns().items() if key not in fields}
    before = {table: state(table, names) for table, names in POWERS.items()}
    with transaction.atomic():
        client.post(address, harm | fields, **FORWARDED)
        for table, names in POWERS.items():
            after = state(table, names)
            for ident, row in before[table].items():
                told = zip(names.split(", "), row, after.get(ident, row), strict=True)
                for column, was, is_now in told:
                    if was != is_now and column not in MEANT.get(name, set()):
                        yield f"{name}: {table}.{column} {was} -> {is_now}"
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["authority", "staff-admin"])
def test_no_form_sets_what_it_does_not_show(role: str, world: World) -> None:
    client = browser_of(world, ROLES[role])
    mine = [name for name in FORMS if role in (LINES[name].post or ())]
    assert len(mine) > 20
    found = []
    for name in mine:
        address = dict(variants(world, ROLES[role], LINES[name]))[OWN]
        if name not in {"sign-out", "looking-end"}:
            found += list(changes(client, name, address))
    assert found == []


@pytest.mark.django_db
def test_a_contractor_s_form_names_no_other_contractor(world: World) -> None:
    """A new rule, recipient or person belongs to who asks, whatever the form says."""
    client = browser_of(world, ROLES["authority"])
    theirs = world.houses["theirs"].tenant
    with transaction.atomic():
        before = state("tenants_enrolment", "tenant_id")
        form = {"name": POISON, "affiliation": "employee", "role": "viewer", "tenant": theirs.pk}
        client.post("/users/new/", form | {"tenant_id": theirs.pk, "code": "x"}, **FORWARDED)
        after = state("tenants_enrolment", "tenant_id")
        made = [row for ident, row in after.items() if ident not in before]
        transaction.set_rollback(True)
    assert made == [(world.houses["ours"].tenant.pk,)]


def test_the_table_of_powers_knows_the_tables() -> None:
    tables = {model._meta.db_table: model for model in apps.get_models()}
    for table, names in POWERS.items():
        known = {field.column for field in tables[table]._meta.concrete_fields}
        assert set(names.split(", ")) <= known, table
    assert STAFFS
