"""The walls around this room's tables: the register, which the provider keeps for its tenants."""

from noroshi.tenants.walls import ALL, KEEP, READ, register, shared

WALLS = (
    shared("devices_devicetype", KEEP),
    shared("devices_quantity", ALL),
    register("devices_site", KEEP),
    register("devices_device", KEEP),
    register("devices_heartbeat", READ),
    register("devices_downlink", KEEP),
)
