"""Which device sent what raw uplinks say: also devices that were retired since."""

from collections.abc import Sequence

from noroshi import pipeline
from noroshi.devices import find
from noroshi.inbox.entry import EntryRow
from noroshi.pipeline import Heard


def heard_in(rows: Sequence[EntryRow]) -> list[Heard]:
    """The messages of registered devices, each with the device that sent it then, in order."""
    parsed, items = pipeline.parse(rows)
    places = {(item.space, item.address) for _, item in items}
    today, before = find.find(places), find.former(places)
    found = []
    for row, item in items:
        device = today.get((item.space, item.address))
        if device is None or row.received_at < device.since:
            device = before.at(item.space, item.address, row.received_at) or device
        if device is not None and parsed.owners[row.connection_id] in {None, device.tenant_id}:
            found.append(pipeline.heard(row, device, item))
    return found
