"""Entries on the exception list whose device has been registered since."""

from datetime import datetime

from django.db import connection, transaction

from noroshi.inbox.actions import tell_workers

# Registering sends what waits through the spine at once. An entry that was on its way to the list
# at that very moment, or whose registration was interrupted, is found here. One that was sent
# while nobody held the thing stays on the list, its time in the detail.
RUN = r"""
UPDATE inbox_exception AS waiting SET state = 'again'
FROM devices_device AS device, inbox_connection AS source
WHERE waiting.kind = 'unknown' AND waiting.state = 'open'
    AND device.space = waiting.space AND device.address = waiting.address
    AND device.retired_at IS NULL
    AND (waiting.reason <> 'no_holder' OR device.held_from IS NULL
        OR CASE WHEN waiting.detail ~ '^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$'
            THEN waiting.detail::timestamptz >= device.held_from ELSE false END)
    AND source.id = waiting.connection_id
    AND (source.tenant_id IS NULL OR source.tenant_id = device.tenant_id)
"""


def run_registered(_now: datetime) -> int:
    """Run entries of unknown devices that are known by now; returns how many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(RUN)
            count: int = cursor.rowcount
        if count:
            tell_workers()
    return count
