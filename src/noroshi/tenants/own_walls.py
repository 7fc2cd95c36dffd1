"""The walls around this room's tables, and around the framework's below it."""

from dataclasses import replace

from noroshi.tenants.walls import (
    ADD,
    ALL,
    IN_OFFICE,
    KEEP,
    KEPT_YEARS,
    OWN,
    READ,
    SELF,
    TENANT_NOW,
    USER_NOW,
    Wall,
    house,
    office,
    person,
    register,
    shared,
    tenant,
)

PRUNED = ("SELECT", "INSERT", "DELETE")  # what is deleted is old: see Wall.kept_years
FRAMEWORK = "the framework's own words; no program of ours reads them"
EITHER = f"{OWN} OR {IN_OFFICE}"
VISITOR = f"visitor_id = {USER_NOW}"
OF_NOBODY = f"(tenant_id IS NULL AND {SELF})"
MINE = (
    f"EXISTS (SELECT FROM tenants_membership m WHERE m.tenant_id = tenants_tenant.id AND m.{SELF})"
)
MY_VISIT = (
    f"EXISTS (SELECT FROM tenants_visit v WHERE v.tenant_id = tenants_tenant.id AND v.{VISITOR})"
)
MY_EMPLOYER = f"id = (SELECT u.subcontractor_id FROM tenants_user u WHERE u.id = {USER_NOW})"
MY_PARTY = f"id = (SELECT t.party_id FROM tenants_tenant t WHERE t.id = {TENANT_NOW})"

WALLS = (
    house("django_migrations", "which migrations ran: the owner's own", pipeline=READ),
    house("django_content_type", FRAMEWORK, pipeline=READ),
    house("auth_permission", FRAMEWORK, pipeline=READ),
    house("auth_group", FRAMEWORK, pipeline=READ),
    house("auth_group_permissions", FRAMEWORK, pipeline=READ),
    house("django_session", "read before anybody is known; its keys cannot be guessed", ALL),
    house("base_cache", "counters under hashed keys; no tenant's data are ever cached", ALL),
    house("base_pulse", "when each program was seen last", KEEP),
    house(
        "base_tally", "how many passed each stage; whose they were is not told", READ, pipeline=KEEP
    ),
    house("base_installation", "which database this is: one random mark", READ, pipeline=READ),
    house("base_backuprun", "what backups and drills came to", READ),
    house("tenants_user", "sign-in finds a person before any tenant is known", KEEP),
    house(
        "tenants_issuedcredential",
        "an unguessable link is found by its hash before the person is known; no secret is in it",
        KEEP,
    ),
    house("tenants_addressrange", "where ranges of internet addresses are; nobody's data", READ),
    Wall(
        "tenants_tenant",
        "tenant",
        f"id = {TENANT_NOW} OR {IN_OFFICE} OR {MINE} OR {MY_VISIT}",
        f"id = {TENANT_NOW} OR {IN_OFFICE}",
        KEEP,
    ),
    Wall("tenants_membership", "tenant", f"{EITHER} OR {SELF}", EITHER, ALL),
    shared("tenants_servicekind", READ, pipeline=READ),
    # Dated rows, never rewritten: what was in force on a day stays what it was.
    shared("tenants_kindswitch", ADD, pipeline=ADD),
    register("tenants_enrolment", KEEP),
    person("tenants_knowndevice", ALL),
    # A try under a name that nobody has is nobody's.
    replace(person("tenants_signin", ADD, pipeline=PRUNED, also="user_id IS NULL"), kept_years=3),
    Wall(
        "tenants_auditentry",
        "tenant",
        f"{EITHER} OR {OF_NOBODY}",
        f"{EITHER} OR {OF_NOBODY}",
        ADD,
        PRUNED,
        kept_years=KEPT_YEARS,
    ),
    tenant("tenants_intentdraft", KEEP),
    register("tenants_intent", ADD, pipeline=ADD),
    register("tenants_ledgeranchor", READ, pipeline=ADD),
    Wall("tenants_visit", "tenant", f"{EITHER} OR {VISITOR}", EITHER, KEEP),
    replace(register("tenants_visitview", ADD, pipeline=PRUNED), kept_years=KEPT_YEARS),
    # What is only suspected, or was cleared, is nothing the contractor reads.
    Wall(
        "tenants_violation",
        "register",
        f"{IN_OFFICE} OR ({OWN} AND state IN ('confirmed', 'closed'))",
        IN_OFFICE,
        KEEP,
        kept_years=KEPT_YEARS,
    ),
    Wall("tenants_party", "office", f"{IN_OFFICE} OR {MY_PARTY}", IN_OFFICE, KEEP),
    office("tenants_paper", ADD),
    office("tenants_agent", KEEP),
    replace(office("tenants_approval", KEEP), kept_years=KEPT_YEARS),
    Wall("tenants_subcontractor", "office", f"{IN_OFFICE} OR {MY_EMPLOYER}", IN_OFFICE, KEEP),
)
