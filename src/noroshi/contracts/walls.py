"""The walls around this room's tables: read by their contractor and the office, written by it."""

from dataclasses import replace

from noroshi.tenants.walls import (
    ADD,
    ALL,
    IN_OFFICE,
    KEEP,
    KEPT_YEARS,
    OWN,
    READ,
    Wall,
    register,
)

EITHER = f"{OWN} OR {IN_OFFICE}"
PRUNED = ("SELECT", "INSERT", "DELETE")  # what is deleted is old: see Wall.kept_years


def kept_by_office(table: str, *privileges: str) -> Wall:
    """The contractor reads its own; only the office writes."""
    return Wall(table, "register", EITHER, IN_OFFICE, privileges, privileges)


WALLS = (
    kept_by_office("contracts_contract", *ALL),
    kept_by_office("contracts_amendment", *ADD),
    kept_by_office("contracts_condition", *ALL),
    kept_by_office("contracts_licenseditem", *ALL),
    kept_by_office("contracts_snapshot", *KEEP),
    replace(register("contracts_trace", READ, pipeline=PRUNED), kept_years=KEPT_YEARS),
)
