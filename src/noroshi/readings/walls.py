"""The walls around this room's tables: measured data are the tenant's and nobody else's."""

from noroshi.tenants.walls import READ, register, tenant, via

WALLS = (
    # Which quantities a device has: the office names them for a type. The values are not open.
    register("readings_series", READ),
    tenant("readings_uplink", READ),
    tenant("readings_latest", READ),
    tenant("readings_backdated", READ),
    via("readings_reading", "readings_series", "series_id", READ),
    via("readings_chunk", "readings_series", "series_id", READ),
    via("readings_loose", "readings_series", "series_id", READ),
)
