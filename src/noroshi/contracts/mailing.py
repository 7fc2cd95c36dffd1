"""Whether a contractor may be told by mail: its kind has mails, and its contract licenses them."""

from collections.abc import Collection
from datetime import date

from noroshi.base import wire
from noroshi.contracts.items import Item
from noroshi.contracts.models import Contract
from noroshi.tenants.models import Switch, SwitchValue


def with_mail(tenants: Collection[int], day: date) -> frozenset[int]:
    """Those of the contractors to whom mails about alarms may go on that day. One query.

    After the end of a contract there are none: AFTER_END does not name them.
    """
    if not tenants:
        return frozenset()
    with wire.hot() as cursor:
        values: dict[str, wire.Packed | date | str] = {
            "tenants": wire.numbers(list(tenants), wire.INT8),
            "day": day,
            "formed": Contract.State.FORMED.value,
            "item": Item.MAIL.value,
            "switch": Switch.HAS_MAIL.value,
            "yes": SwitchValue.YES.value,
        }
        cursor.execute(_WITH_MAIL, values)
        return frozenset(tenant for (tenant,) in cursor.fetchall())


# The contract that answers for a day is the last that began, as in contracts.effective.
_WITH_MAIL = """
SELECT t.id FROM tenants_tenant t
CROSS JOIN LATERAL (
    SELECT c.id, c.until_day FROM contracts_contract c
    WHERE c.tenant_id = t.id AND c.state = %(formed)b::text AND c.from_day <= %(day)b::date
    ORDER BY c.from_day DESC, c.id DESC LIMIT 1
) AS its
WHERE t.id = ANY (%(tenants)b::bigint[])
AND (its.until_day IS NULL OR its.until_day > %(day)b::date)
AND EXISTS (
    SELECT FROM contracts_licenseditem i
    WHERE i.contract_id = its.id AND i.item = %(item)b::text AND i.from_day <= %(day)b::date
    AND (i.until_day IS NULL OR i.until_day > %(day)b::date)
)
AND (
    SELECT s.value FROM tenants_kindswitch s
    WHERE s.kind_id = t.kind_id AND s.switch = %(switch)b::text AND s.since <= %(day)b::date
    ORDER BY s.since DESC, s.id DESC LIMIT 1
) = %(yes)b::text
"""
