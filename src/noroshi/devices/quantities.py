"""Ask what types measure: a platform's catalogue that every tenant may read."""

from collections.abc import Collection

from noroshi.devices.models import Quantity


def quantities_of(type_ids: Collection[int]) -> dict[tuple[int, str], Quantity]:
    """(type id, key) → quantity, for all quantities of these types. One query."""
    found = Quantity.objects.filter(type__in=type_ids)
    return {(quantity.type_id, quantity.key): quantity for quantity in found}
