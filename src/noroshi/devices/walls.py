"""The walls around this room's tables: the register, which the provider keeps for its tenants."""

from noroshi.tenants.walls import ALL, IN_OFFICE, KEEP, OWN, READ, Wall, register, shared

# A thing is the office's; who holds it now may read it, who held it once may not.
HELD = (
    "EXISTS (SELECT FROM devices_device d WHERE d.thing_id = devices_thing.id "
    f"AND d.retired_at IS NULL AND d.{OWN})"
)

WALLS = (
    shared("devices_devicetype", KEEP),
    shared("devices_quantity", ALL),
    register("devices_site", KEEP),
    Wall("devices_thing", "via", f"{HELD} OR {IN_OFFICE}", IN_OFFICE, KEEP),
    register("devices_device", KEEP),
    register("devices_heartbeat", READ),
    register("devices_downlink", KEEP),
)
