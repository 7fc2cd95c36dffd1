"""Which device sent what raw uplinks say: also devices that were retired since."""

from collections.abc import Sequence

from noroshi import pipeline
from noroshi.devices import find
from noroshi.inbox.entry import EntryRow
from noroshi.pipeline import Heard


def heard_in(rows: Sequence[EntryRow]) -> list[Heard]:
    """The messages of registered devices, each with the device that sent it then, in order."""
    parsed, items = pipeline.parse(rows)
    sent = [((item.space, item.address), pipeline.time_of(row, item)) for row, item in items]
    holders = find.holders(sent)
    found = []
    for (row, item), (place, at) in zip(items, sent, strict=True):
        device = holders.at(place, at)
        if device is not None and parsed.owners[row.connection_id] in {None, device.tenant_id}:
            found.append(pipeline.heard(row, device, item, at))
    return found
