"""Find the devices behind a batch of radio addresses, with all the spine needs of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec
from django.db import connection

from noroshi.base import wire
from noroshi.codecs.models import CodecVersion

SOURCES_MAX = 500  # codec texts kept in memory; a version's text never changes

DEVICES = """
SELECT d.space, d.address, d.id, d.tenant_id, d.code, d.type_id, d.registered_at
FROM unnest(%b::text[], %b::text[]) AS wanted (space, address)
JOIN devices_device d ON d.space = wanted.space AND d.address = wanted.address
WHERE d.retired_at IS NULL
"""
FORMER = """
SELECT d.space, d.address, d.id, d.tenant_id, d.code, d.type_id, d.registered_at, d.retired_at
FROM unnest(%b::text[], %b::text[]) AS wanted (space, address)
JOIN devices_device d ON d.space = wanted.space AND d.address = wanted.address
WHERE d.retired_at IS NOT NULL
"""
TYPES = """
SELECT t.id, c.kind, (SELECT v.id FROM codecs_codecversion v
  WHERE v.codec_id = c.id ORDER BY v.number DESC LIMIT 1)
FROM devices_devicetype t JOIN codecs_codec c ON c.id = t.codec_id WHERE t.id = ANY(%s)
"""
QUANTITIES = "SELECT type_id, key, kind FROM devices_quantity WHERE type_id = ANY(%s)"


class TypeFacts(msgspec.Struct, frozen=True, gc=False):
    """How to read the payloads of one device type: codec, and key → kind of its quantities."""

    codec_kind: str
    codec_version_id: int | None
    kinds: Mapping[str, str]


class DeviceFacts(msgspec.Struct, frozen=True, gc=False):
    """One registered device; `since` is when it was registered."""

    id: int
    tenant_id: int
    code: str
    type: TypeFacts
    since: datetime


@dataclass(frozen=True, slots=True)
class Former:
    """Retired devices by their addresses, each with the time of its retirement."""

    devices: Mapping[tuple[str, str], Sequence[tuple[DeviceFacts, datetime]]]

    def at(self, space: str, address: str, moment: datetime) -> DeviceFacts | None:
        """The one that was in service then."""
        for device, until in self.devices.get((space, address), ()):
            if device.since <= moment < until:
                return device
        return None


def find(addresses: Collection[tuple[str, str]]) -> dict[tuple[str, str], DeviceFacts]:
    """(space, address) → device, for those that are registered. Three queries."""
    if not addresses:
        return {}
    spaces = wire.texts(space for space, _ in addresses)
    with wire.cursor() as cursor:
        cursor.execute(DEVICES, [spaces, wire.texts(a for _, a in addresses)], binary=True)
        rows = cursor.fetchall()
    types = find_types({row[5] for row in rows})
    return {
        (space, address): DeviceFacts(device_id, tenant_id, code, types[type_id], since)
        for space, address, device_id, tenant_id, code, type_id, since in rows
    }


def former(addresses: Collection[tuple[str, str]]) -> Former:
    """Who held these addresses before; asked for only when a message is older than its device."""
    if not addresses:
        return Former({})
    spaces = wire.texts(space for space, _ in addresses)
    with wire.cursor() as cursor:
        cursor.execute(FORMER, [spaces, wire.texts(a for _, a in addresses)], binary=True)
        rows = cursor.fetchall()
    types = find_types({row[5] for row in rows})
    found: dict[tuple[str, str], list[tuple[DeviceFacts, datetime]]] = {}
    for space, address, device_id, tenant_id, code, type_id, since, until in rows:
        device = DeviceFacts(device_id, tenant_id, code, types[type_id], since)
        found.setdefault((space, address), []).append((device, until))
    return Former(found)


def find_types(ids: Collection[int]) -> dict[int, TypeFacts]:
    """The types' codecs in force and their quantities."""
    with connection.cursor() as cursor:
        cursor.execute(QUANTITIES, [list(ids)])
        kinds: dict[int, dict[str, str]] = {}
        for type_id, key, kind in cursor.fetchall():
            kinds.setdefault(type_id, {})[key] = kind
        cursor.execute(TYPES, [list(ids)])
        return {
            type_id: TypeFacts(kind, version_id, kinds.get(type_id, {}))
            for type_id, kind, version_id in cursor.fetchall()
        }


@lru_cache(maxsize=SOURCES_MAX)
def codec_source(version_id: int) -> str:
    """The text of one codec version."""
    return CodecVersion.objects.values_list("source", flat=True).get(pk=version_id)
