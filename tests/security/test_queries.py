"""Another contractor's objects behind the question mark and in the fields of forms."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction

from tests.house.matrix import FORM, FORWARDED, OWN, browser_of, read, variants
from tests.house.matrix_table import LINES, ROLES
from tests.house.matrix_world import World, data_mark, register_mark

HOUSE = Path(__file__).resolve().parent.parent.parent / "src" / "noroshi"
ASKED = re.compile(r"""(?:GET|POST|sent|data)(?:\.get|\.getlist)?[(\[]["']([a-z_]+)["']""")
FIELDS = re.compile(r"^    ([a-z_]+) = (?:forms\.)?\w*(?:Field|Choice)\w*\(", re.M)
LEAVING = {"sign-out", "looking-end"}
ROWS = """
SELECT md5(string_agg(line, '' ORDER BY line)) FROM (
  SELECT to_jsonb(d)::text AS line FROM devices_device d WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(r)::text FROM alarms_rule r WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(r)::text FROM alarms_recipient r WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(i)::text FROM alarms_incident i WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(e)::text FROM tenants_enrolment e WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(m)::text FROM tenants_membership m WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(v)::text FROM tenants_visit v WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(n)::text FROM tenants_intent n WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(m)::text FROM outbox_message m WHERE tenant_id = %(tenant)s
  UNION ALL SELECT to_jsonb(l)::text FROM devices_downlink l WHERE tenant_id = %(tenant)s
) AS lines
"""


def names() -> list[str]:
    """Every name that a page of a contractor's asks for, in an address or a form."""
    found: set[str] = set()
    for folder in ("web", "account"):
        for path in (HOUSE / folder).rglob("*.py"):
            found |= set(ASKED.findall(path.read_text())) | set(FIELDS.findall(path.read_text()))
    return sorted(found - {"username", "password", "language"})


# What pages look up by a query or a field; the rest stands in addresses, which the matrix walks.
LOOKED_UP = ("device", "rule", "recipient", "incident", "enrolment", "member", "visit")


def theirs(world: World) -> list[str]:
    """By what another contractor's rows are named."""
    house = world.houses["theirs"]
    named = {str(house.objects[kind]) for kind in LOOKED_UP if kind in house.objects}
    return sorted(named | {str(house.tenant.pk)})


def rows(world: World) -> str:
    """The other contractor's rows, as one fingerprint."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"tenant": world.houses["theirs"].tenant.pk})
        return str(cursor.fetchone()[0])


def test_the_names_that_pages_ask_for_are_found() -> None:
    assert {"device", "next", "recipients"} <= set(names())


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_s_object_in_a_query_or_a_field_shows_and_changes_nothing(
    method: str, world: World
) -> None:
    role, asked, wrong = ROLES["authority"], names(), []
    client, before = browser_of(world, role), rows(world)
    marks = (register_mark("theirs"), data_mark("theirs"))
    mine = [line for line in LINES.values() if role.name in (line.roles(method) or ())]
    for line in mine:
        address = dict(variants(world, role, line))[OWN].partition("?")[0]
        for value in theirs(world):
            if line.name in LEAVING:
                continue
            query = urlencode(dict.fromkeys(asked, value))
            with transaction.atomic():
                body = query.encode() if method == "POST" else b""
                where = f"{address}?{query}" if method == "GET" else address
                answer = client.generic(method, where, body, FORM, **FORWARDED)
                page = read(answer)
                if answer.status_code >= 500:
                    wrong.append(f"{line.name} {value}: {answer.status_code}")
                wrong += [f"{line.name} {value}: tells {mark}" for mark in marks if mark in page]
                if method == "POST" and rows(world) != before:
                    wrong.append(f"{line.name} {value}: changed a row")
                transaction.set_rollback(True)
    assert len(mine) > 20
    assert wrong == []
