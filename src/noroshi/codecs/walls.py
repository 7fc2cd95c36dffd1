"""The walls around this room's tables: decoders are the provider's, and all tenants use them."""

from noroshi.tenants.walls import KEEP, shared

WALLS = (
    shared("codecs_codec", KEEP),
    shared("codecs_codecversion", KEEP),
)
