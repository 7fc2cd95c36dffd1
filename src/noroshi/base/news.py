"""Wake open pages after the commit: the one place that speaks to the live stream."""

import json
from collections.abc import Sequence

from django.db import connection

CHANNEL = "noroshi_live"
DEVICES_MAX = 200  # codes in one notice: pg_notify carries at most 8,000 bytes
OFFICE = 0  # no tenant has this id; the office follows every notice
ANY_DEVICE = ("*",)


def tell_pages(tenant_id: int, devices: Sequence[str], *, kinds: Sequence[str]) -> None:
    """Tell pages of this tenant, and the office's, which device codes have news."""
    for begin in range(0, len(devices), DEVICES_MAX):
        some = list(devices[begin : begin + DEVICES_MAX])
        notice = {"tenant": tenant_id, "devices": some, "kinds": list(kinds)}
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(notice)])
