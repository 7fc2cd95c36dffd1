"""What watching reads and writes of rules, states and incidents, each in one statement."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import msgspec
from django.db import models

from noroshi.alarms.models import Incident, Recipient, Rule, RuleState
from noroshi.base import wire

# Whether the rule is at rest; NULL: only the judge can say. Who is heard breaks no silence that is
# not there.
RULES = """
SELECT rule.id, rule.device_id, rule.key, rule.upper, rule.lower,
    CASE WHEN rule.is_plain THEN state.phase IS NULL OR state.phase = 'normal'
         WHEN rule.kind = 'silence' AND (state.phase IS NULL OR state.phase = 'normal') THEN true
    END
FROM alarms_rule rule LEFT JOIN alarms_rulestate state ON state.rule_id = rule.id
WHERE rule.device_id = ANY (%b::bigint[]) AND rule.is_active
"""
LOCK_FIELDS = (
    *("id", "tenant_id", "device_id", "key", "kind", "upper", "lower", "margin", "hold_s"),
    *("options", "more"),
)
LOCK = f"""
SELECT {", ".join(LOCK_FIELDS)} FROM alarms_rule
WHERE id = ANY (%b::bigint[]) AND is_active ORDER BY id FOR NO KEY UPDATE
"""
KNOWN = """
SELECT state.rule_id, state.phase, state.side, state.since, state.judged_at, state.memory
FROM alarms_rulestate state WHERE state.rule_id = ANY (%b::bigint[])
"""
STATE_FIELDS = ("rule_id", "phase", "side", "since", "judged_at", "memory")
OPEN_FIELDS = (
    *("id", "tenant_id", "code", "device_id", "rule_id", "kind", "options", "key", "side"),
    *("limit", "since", "opened_at", "opened_value", "worst_value"),
)
OPEN = f"""
SELECT {", ".join(f'"{name}"' for name in OPEN_FIELDS)} FROM alarms_incident
WHERE rule_id = ANY (%b::bigint[]) AND closed_at IS NULL
"""
KEEP_STATES = """
INSERT INTO alarms_rulestate (rule_id, phase, side, since, judged_at, memory)
SELECT n.a, n.b, n.c, n.d, n.e, n.f::jsonb
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[], %b::text[])
    AS n (a, b, c, d, e, f)
ON CONFLICT (rule_id) DO UPDATE SET phase = excluded.phase, side = excluded.side,
    since = excluded.since, judged_at = excluded.judged_at, memory = excluded.memory
"""
KEEP_TOUCHED = """
UPDATE alarms_incident AS known
SET worst_value = new.worst, closed_at = new.closed_at, closed_value = new.closed_value
FROM unnest(%b::bigint[], %b::float8[], %b::timestamptz[], %b::float8[])
    AS new (id, worst, closed_at, closed_value)
WHERE known.id = new.id
"""
KEEP_OPENED = """
INSERT INTO alarms_incident (tenant_id, code, device_id, rule_id, kind, options, key, side, "limit",
    since, opened_at, opened_value, worst_value, closed_at, closed_value)
SELECT n.a, n.b, n.c, n.d, n.e, n.f::jsonb, n.g, n.h, n.i, n.j, n.k, n.l, n.m, n.n, n.o
FROM unnest(%b::bigint[], %b::text[], %b::bigint[], %b::bigint[], %b::text[], %b::text[],
    %b::text[], %b::text[], %b::float8[], %b::timestamptz[], %b::timestamptz[], %b::float8[],
    %b::float8[], %b::timestamptz[], %b::float8[])
    AS n (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
ON CONFLICT DO NOTHING RETURNING code
"""


PERSON_FIELDS = ("id", "tenant_id", "code", "name", "address", "language", "is_active", "channel")
RECIPIENTS = f"""
SELECT link.rule_id, {", ".join(f"person.{name}" for name in PERSON_FIELDS)}
FROM alarms_rule_recipients link JOIN alarms_recipient person ON person.id = link.recipient_id
WHERE link.rule_id = ANY (%b::bigint[]) ORDER BY person.id
"""
NOTICED = f"""
SELECT DISTINCT notice.incident_id, {", ".join(f"person.{name}" for name in PERSON_FIELDS)}
FROM alarms_notice notice JOIN alarms_recipient person ON person.id = notice.recipient_id
WHERE notice.incident_id = ANY (%b::bigint[])
"""
PLACES = """
SELECT device.id, device.code, device.name, device.type_id, coalesce(site.name, '')
FROM devices_device device LEFT JOIN devices_site site ON site.id = device.site_id
WHERE device.id = ANY (%b::bigint[])
"""

Row = TypeVar("Row", bound=models.Model)
Limits = tuple[int, int, str, float | None, float | None, bool | None]


class Place(msgspec.Struct, frozen=True, gc=False):
    """A device as a mail speaks of it; `site` is empty for none."""

    code: str
    name: str
    type_id: int
    site: str


def limits_of(device_ids: Collection[int]) -> list[Limits]:
    """Of each active rule of these devices: id, device, key, upper, lower, whether it is at rest.

    At rest: the last number that it judged was normal; None where only the judge can say. Plain
    rows, since there are thousands.
    """
    with wire.hot() as cursor:
        return cursor.execute(RULES, [wire.numbers(list(device_ids), wire.INT8)]).fetchall()


def locked(rule_ids: Collection[int]) -> list[Rule]:
    """The rules, locked in one order: the lock of a rule guards its state and open incident."""
    with wire.hot() as cursor:
        rows = cursor.execute(LOCK, [wire.numbers(sorted(rule_ids), wire.INT8)]).fetchall()
    return [Rule(**dict(zip(LOCK_FIELDS, row, strict=True))) for row in rows]


def known(rule_ids: Sequence[int]) -> tuple[dict[int, RuleState], dict[int, Incident]]:
    """The state and the open incident of each rule that has one.

    To be asked after the lock is held, so that they are what the last holder wrote.
    """
    asked = [wire.numbers(rule_ids, wire.INT8)]
    with wire.hot() as cursor:
        states = {
            row[0]: RuleState(**dict(zip(STATE_FIELDS, row, strict=True)))
            for row in cursor.execute(KNOWN, asked).fetchall()
        }
        found = cursor.execute(OPEN, asked).fetchall()
    incidents = [Incident(**dict(zip(OPEN_FIELDS, row, strict=True))) for row in found]
    return states, {incident.rule_id or 0: incident for incident in incidents}


def keep_states(states: Sequence[RuleState]) -> None:
    """Write what the judge knows now."""
    columns = [
        wire.numbers([one.rule_id for one in states], wire.INT8),
        wire.texts(one.phase for one in states),
        wire.texts(one.side for one in states),
        wire.times_or_nulls([one.since for one in states]),
        wire.times_or_nulls([one.judged_at for one in states]),
        wire.texts(msgspec.json.encode(one.memory).decode() for one in states),
    ]
    with wire.hot() as cursor:
        cursor.execute(KEEP_STATES, columns)


def keep_touched(incidents: Collection[Incident]) -> None:
    """Write the worst value and the end of incidents that are in the database."""
    columns = [
        wire.numbers([one.pk for one in incidents], wire.INT8),
        wire.numbers([one.worst_value for one in incidents], wire.FLOAT8),
        wire.times_or_nulls([one.closed_at for one in incidents]),
        wire.numbers_or_nulls([one.closed_value for one in incidents], wire.FLOAT8),
    ]
    with wire.hot() as cursor:
        cursor.execute(KEEP_TOUCHED, columns)


def keep_opened(incidents: Sequence[Incident]) -> set[str]:
    """Write new incidents; the codes of those that met no open incident of their rule."""
    columns = [
        wire.numbers([one.tenant_id for one in incidents], wire.INT8),
        wire.texts(one.code for one in incidents),
        wire.numbers([one.device_id for one in incidents], wire.INT8),
        wire.numbers_or_nulls([one.rule_id for one in incidents], wire.INT8),
        wire.texts(one.kind for one in incidents),
        wire.texts(msgspec.json.encode(one.options).decode() for one in incidents),
        wire.texts(one.key for one in incidents),
        wire.texts(one.side for one in incidents),
        wire.numbers([one.limit for one in incidents], wire.FLOAT8),
        wire.times_or_nulls([one.since for one in incidents]),
        wire.times_or_nulls([one.opened_at for one in incidents]),
        wire.numbers([one.opened_value for one in incidents], wire.FLOAT8),
        wire.numbers([one.worst_value for one in incidents], wire.FLOAT8),
        wire.times_or_nulls([one.closed_at for one in incidents]),
        wire.numbers_or_nulls([one.closed_value for one in incidents], wire.FLOAT8),
    ]
    with wire.hot() as cursor:
        return {code for (code,) in cursor.execute(KEEP_OPENED, columns).fetchall()}


def recipients(rule_ids: Collection[int]) -> dict[int, list[Recipient]]:
    """Rule → its recipients, also those who are stopped, of those rules that have any."""
    return _people(RECIPIENTS, rule_ids)


def noticed(incident_ids: Collection[int]) -> dict[int, list[Recipient]]:
    """Incident → who was, or is to be, told of it and is still there."""
    return _people(NOTICED, incident_ids)


def _people(query: str, keys: Collection[int]) -> dict[int, list[Recipient]]:
    found: dict[int, list[Recipient]] = defaultdict(list)
    people: dict[int, Recipient] = {}
    with wire.hot() as cursor:
        cursor.execute(query, [wire.numbers(list(keys), wire.INT8)])
        for key, *told in cursor.fetchall():
            person = people.get(told[0])
            if person is None:
                person = people[told[0]] = Recipient(**dict(zip(PERSON_FIELDS, told, strict=True)))
            found[key].append(person)
    return dict(found)


def places(device_ids: Collection[int]) -> dict[int, Place]:
    """Device → how a mail speaks of it."""
    with wire.hot() as cursor:
        cursor.execute(PLACES, [wire.numbers(list(device_ids), wire.INT8)])
        return {device_id: Place(*told) for device_id, *told in cursor.fetchall()}


def fetched(model: type[Row], rest: str, asked: Sequence[Any]) -> list[Row]:
    """Rows of a table by one prepared query, of which `rest` is what follows the table's name.

    For what is asked at every batch: what the ORM asks is written, read and planned anew each time.
    """
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    names = [field.attname for field in fields]
    with wire.hot() as cursor:
        cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} {rest}", asked)
        return [model.from_db("default", names, row) for row in cursor.fetchall()]
