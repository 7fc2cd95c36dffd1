"""Wake open pages after the commit: the one place that speaks to the live stream."""

import json
from collections.abc import Iterator, Mapping, Sequence

from noroshi.base import wire

CHANNEL = "noroshi_live"
DEVICES_MAX = 200  # codes in one notice: pg_notify carries at most 8,000 bytes
OFFICE = 0  # no tenant has this id; the office follows every notice
ANY_DEVICE = ("*",)
NOTIFY = "SELECT pg_notify(%b::text, notice) FROM unnest(%b::text[]) AS notice"


def tell_pages(devices: Mapping[int, Sequence[str]], *, kinds: Sequence[str]) -> None:
    """Tell pages of these tenants, and the office's, which device codes have news: tenant → codes.

    All in one statement.
    """
    told = [json.dumps(notice) for notice in notices(devices, kinds)]
    with wire.hot() as cursor:
        cursor.execute(NOTIFY, [CHANNEL, wire.texts(told)])


def notices(
    devices: Mapping[int, Sequence[str]], kinds: Sequence[str]
) -> Iterator[dict[str, object]]:
    """What is said: of each tenant's devices so many at a time as a notice carries."""
    for tenant_id, codes in devices.items():
        for begin in range(0, len(codes), DEVICES_MAX):
            some = list(codes[begin : begin + DEVICES_MAX])
            yield {"tenant": tenant_id, "devices": some, "kinds": list(kinds)}
