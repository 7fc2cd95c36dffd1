"""The walls around this room's tables: the journal is read before anybody knows whose it is."""

from noroshi.tenants.walls import KEEP, READ, office

WALLS = (
    office("inbox_block", READ),
    office("inbox_broker", KEEP),
    office("inbox_listening", READ),
    office("inbox_connection", KEEP),
    office("inbox_entry", READ),
    office("inbox_exception", KEEP),
    office("inbox_watermark", READ),
)
