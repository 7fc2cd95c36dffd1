"""The walls around this room's tables: the contractor reads its own, only the office writes."""

from noroshi.tenants.walls import ADD, IN_OFFICE, KEEP, OWN, READ, Wall, office

BOTH = f"{OWN} OR {IN_OFFICE}"

WALLS = (
    Wall("retention_deletionplan", "register", BOTH, IN_OFFICE, READ),
    Wall("retention_deletionline", "register", BOTH, IN_OFFICE, READ),
    Wall("retention_deletionnotice", "register", BOTH, IN_OFFICE, ADD),
    Wall("retention_deletionrun", "register", BOTH, IN_OFFICE, READ),
    # A reason may be a dispute: the contractor is told that there is a hold, not why.
    office("retention_hold", KEEP),
)
