"""What the spine must know of a connection to read what came over it."""

from collections.abc import Collection, Mapping

import msgspec

from noroshi.base import wire

SOURCES = "SELECT id, tenant_id, kind, settings FROM inbox_connection WHERE id = ANY(%b::integer[])"


class Source(msgspec.Struct, frozen=True):
    """A connection: whose it is (None: the provider's own), its format, its settings."""

    tenant_id: int | None
    kind: str
    settings: Mapping[str, object]


def sources(ids: Collection[int]) -> dict[int, Source]:
    """Those of these connections that are still there, by id."""
    with wire.hot() as cursor:
        rows = cursor.execute(SOURCES, [wire.numbers(list(ids), wire.INT4)]).fetchall()
    return {key: Source(*facts) for key, *facts in rows}
