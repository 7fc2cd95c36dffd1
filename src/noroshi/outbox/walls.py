"""The walls around this room's tables."""

from noroshi.tenants.walls import ADD, ALL, KEEP, READ, office, register, via_register

WALLS = (
    # A mail about nobody's affairs (a forgotten password) is posted before a tenant is known.
    register("outbox_message", KEEP, adds="tenant_id IS NULL"),
    via_register("outbox_delivery", "outbox_message", "message_id", READ),
    via_register("outbox_attachment", "outbox_message", "message_id", ADD),
    # Whom a contractor's mails do not reach, and who wants them; lifted and asked by its people.
    register("outbox_standing", KEEP),
    register("outbox_hook", ALL),
    # What strangers write to the provider.
    office("outbox_incoming", ("SELECT", "UPDATE")),
)
