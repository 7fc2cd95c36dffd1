"""Find the devices behind a batch of radio addresses, with all the spine needs of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec

from noroshi.base import wire
from noroshi.codecs.models import CodecVersion

SOURCES_MAX = 500  # codec texts kept in memory; a version's text never changes

DEVICES = """
SELECT d.space, d.address, d.id, d.tenant_id, d.code, d.type_id, d.held_from, h.sent_at
FROM unnest(%b::text[], %b::text[]) AS wanted (space, address)
JOIN devices_device d ON d.space = wanted.space AND d.address = wanted.address
LEFT JOIN devices_heartbeat h ON h.device_id = d.id
WHERE d.retired_at IS NULL
"""
FORMER = """
SELECT t.space, t.address, d.id, d.tenant_id, d.code, d.type_id, d.held_from, d.retired_at
FROM unnest(%b::text[], %b::text[]) AS wanted (space, address)
JOIN devices_thing t ON t.space = wanted.space AND t.address = wanted.address
LEFT JOIN devices_device d ON d.space = t.space AND d.address = t.address
  AND d.retired_at IS NOT NULL
"""
TYPES = """
SELECT t.id, c.kind, (SELECT v.id FROM codecs_codecversion v
  WHERE v.codec_id = c.id ORDER BY v.number DESC LIMIT 1), quantity.keys, quantity.kinds
FROM devices_devicetype t JOIN codecs_codec c ON c.id = t.codec_id
CROSS JOIN LATERAL (SELECT array_agg(q.key::text) AS keys, array_agg(q.kind::text) AS kinds
  FROM devices_quantity q WHERE q.type_id = t.id) AS quantity
WHERE t.id = ANY(%b::bigint[])
"""


class TypeFacts(msgspec.Struct, frozen=True, gc=False):
    """How to read the payloads of one device type: codec, and key → kind of its quantities."""

    codec_kind: str
    codec_version_id: int | None
    kinds: Mapping[str, str]


class DeviceFacts(msgspec.Struct, frozen=True, gc=False):
    """One device; uplinks sent before `since` are not its tenant's (None: all are).

    `heard_at`: when its newest uplink was sent, as known before the batch; None also for a former
    holder's.
    """

    id: int
    tenant_id: int
    code: str
    type: TypeFacts
    since: datetime | None
    heard_at: datetime | None = None

    def held(self, moment: datetime) -> bool:
        """Whether its tenant held it then already."""
        return self.since is None or self.since <= moment


Place = tuple[str, str]  # (space, address)


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds things now, and who did before, each with its end.

    The past is known only of things that nobody holds, or held at an instant asked for; one that
    nobody ever held has an empty list.
    """

    now: Mapping[Place, DeviceFacts]
    before: Mapping[Place, Sequence[tuple[DeviceFacts, datetime]]]

    def at(self, place: Place, moment: datetime) -> DeviceFacts | None:
        """The device of who held the thing then."""
        device = self.now.get(place)
        if device is not None and (device.since is None or device.since <= moment):
            return device  # by far the commonest, so without a call
        for former, until in self.before.get(place, ()):
            if former.held(moment) and moment < until:
                return former
        return None

    def is_past(self, place: Place, device: DeviceFacts | None) -> bool:
        """Whether this, of `at`, is another than who holds the thing now; not for a stranger."""
        now = self.now.get(place)
        return device is not now or (now is None and place in self.before)


def holders(sent: Sequence[tuple[Place, datetime]]) -> Holders:
    """Who held these things at these instants. Two queries, more only where the past matters."""
    now = find({place for place, _at in sent})
    wanted = {
        place for place, at in sent if (device := now.get(place)) is None or not device.held(at)
    }
    return Holders(now, former(wanted) if wanted else {})


def find(addresses: Collection[Place]) -> dict[Place, DeviceFacts]:
    """(space, address) → device of who holds it now, for those that somebody holds."""
    if not addresses:
        return {}
    spaces = wire.texts(space for space, _ in addresses)
    with wire.hot() as cursor:
        cursor.execute(DEVICES, [spaces, wire.texts(a for _, a in addresses)])
        rows = cursor.fetchall()
    types = find_types({row[5] for row in rows})
    return {
        (space, address): DeviceFacts(device_id, tenant_id, code, types[type_id], *times)
        for space, address, device_id, tenant_id, code, type_id, *times in rows
    }


def former(addresses: Collection[Place]) -> dict[Place, list[tuple[DeviceFacts, datetime]]]:
    """(space, address) → who held it before, each with its end, for what is in the register."""
    spaces = wire.texts(space for space, _ in addresses)
    with wire.hot() as cursor:
        cursor.execute(FORMER, [spaces, wire.texts(a for _, a in addresses)])
        rows = cursor.fetchall()
    types = find_types({row[5] for row in rows if row[5] is not None})
    found: dict[Place, list[tuple[DeviceFacts, datetime]]] = {}
    for space, address, device_id, tenant_id, code, type_id, since, until in rows:
        known = found.setdefault((space, address), [])
        if device_id is not None:
            device = DeviceFacts(device_id, tenant_id, code, types[type_id], since)
            known.append((device, until))
    return found


def find_types(ids: Collection[int]) -> dict[int, TypeFacts]:
    """The types' codecs in force and their quantities."""
    with wire.hot() as cursor:
        rows = cursor.execute(TYPES, [wire.numbers(list(ids), wire.INT8)]).fetchall()
    return {
        type_id: TypeFacts(kind, version_id, dict(zip(keys or (), kinds or (), strict=True)))
        for type_id, kind, version_id, keys, kinds in rows
    }


@lru_cache(maxsize=SOURCES_MAX)
def codec_source(version_id: int) -> str:
    """The text of one codec version."""
    return CodecVersion.objects.values_list("source", flat=True).get(pk=version_id)
