"""What lies before a day, counted and hashed by terminals and months: the lines of a plan."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from noroshi.base import wire
from noroshi.devices.models import Device
from noroshi.readings import days

NAMES = ("readings", "uplinks", "texts")
MONTH = "date_trunc('month', {time} AT TIME ZONE 'Asia/Tokyo')::date"
CHUNKS = """
SELECT s.device_id, date_trunc('month', c.day_from::timestamp)::date AS month, sum(c.count)::bigint,
    {digest}
FROM readings_series s JOIN readings_chunk c ON c.series_id = s.id
WHERE s.tenant_id = %(tenant)s AND c.day_from < %(cut)s AND c.day_until <= %(cut)s
GROUP BY 1, 2
"""
UPLINKS = f"""
SELECT u.device_id, {MONTH.format(time="u.sent_at")} AS month, count(*), {{digest}}
FROM devices_device d JOIN readings_uplink u ON u.device_id = d.id
WHERE d.tenant_id = %(tenant)s AND u.sent_at < %(at)s
GROUP BY 1, 2
"""
TEXTS = f"""
SELECT s.device_id, {MONTH.format(time="l.at")} AS month, count(*), {{digest}}
FROM readings_series s JOIN readings_loose l ON l.series_id = s.id
WHERE s.tenant_id = %(tenant)s AND s.kind IN ('text', 'position') AND l.at < %(at)s
GROUP BY 1, 2
"""
# SHA-256 over what is stored, in a fixed order; the order is written in docs/operators.md.
DIGESTS = {
    "readings": (
        CHUNKS,
        "sha256(string_agg(sha256(c.body), ''::bytea ORDER BY c.series_id, c.day_from))",
    ),
    "uplinks": (
        UPLINKS,
        (
            "sha256(string_agg(uuid_send(u.message) || u.payload, ''::bytea "
            "ORDER BY u.sent_at, u.message))"
        ),
    ),
    "texts": (
        TEXTS,
        (
            "sha256(string_agg(convert_to(l.value::text, 'UTF8'), ''::bytea "
            "ORDER BY l.series_id, l.at))"
        ),
    ),
}
BACKDATED = """
SELECT device_id, month FROM readings_backdated WHERE tenant_id = %s AND received_on >= %s
"""


@dataclass(slots=True)
class Block:
    """What one terminal stored in one month: counts, and SHA-256 where it was asked for."""

    device_id: int
    device_code: str
    device_name: str
    month: date
    readings: int = 0
    uplinks: int = 0
    texts: int = 0
    parts: dict[str, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 over the parts' names and hashes, in hexadecimal; empty when none was asked."""
        if not self.parts:
            return ""
        return digest_of(f"{name}={self.parts[name].hex()}" for name in NAMES if name in self.parts)


def blocks_before(tenant_id: int, cut: date, *, with_digests: bool) -> list[Block]:
    """Everything of the tenant from before 0:00 of `cut` in Japan, by terminal and month.

    Months that something came for on `cut` or later are left out. What is still hot is not in it:
    see plans.CLOSED_DAYS. Answers in order of code and month. Four queries and one for each kind.
    """
    asked = {"tenant": tenant_id, "cut": cut, "at": days.midnight(cut)}
    found: dict[tuple[int, date], dict[str, tuple[int, bytes | None]]] = defaultdict(dict)
    with wire.cursor() as cursor:
        for name, (query, digest) in DIGESTS.items():
            text = query.format(digest=digest if with_digests else "NULL")
            for device_id, month, count, hashed in cursor.execute(text, asked):
                found[device_id, month][name] = (count, hashed)
        stays = set(cursor.execute(BACKDATED, [tenant_id, cut]).fetchall())
    known = Device.objects.in_bulk({device_id for device_id, _ in found})
    made = []
    for (device_id, month), kinds in found.items():
        if (device_id, month) in stays or device_id not in known:
            continue
        device = known[device_id]
        block = Block(device_id, device.code, device.name, month)
        for name, (count, hashed) in kinds.items():
            setattr(block, name, count)
            if hashed is not None:
                block.parts[name] = bytes(hashed)
        made.append(block)
    return sorted(made, key=lambda block: (block.device_code, block.month))


def digest_of(texts: Iterable[str]) -> str:
    """SHA-256 over lines of text, in hexadecimal."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def total_of(blocks: Sequence[Block], name: str) -> int:
    """The sum of one of NAMES."""
    return sum(int(getattr(block, name)) for block in blocks)
