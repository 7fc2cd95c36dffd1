"""The walls around this room's tables: limits, alarms and who is told are the tenant's."""

from noroshi.tenants.walls import ADD, ALL, KEEP, OWN, READ, house, office, register, tenant, via

WALLS = (
    tenant("alarms_recipient", ALL),
    tenant("alarms_rule", ALL),
    tenant("alarms_sharedrule", ALL),
    tenant("alarms_incident", KEEP),
    tenant("alarms_rhythm", READ),
    house("alarms_awake", "when the installation itself was up", READ),
    tenant("alarms_deed", ADD),  # what was done stays written
    tenant("alarms_policy", KEEP),
    tenant("alarms_wording", KEEP),
    tenant("alarms_group", ALL),
    tenant("alarms_duty", ALL),
    tenant("alarms_pace", ALL),
    tenant("alarms_chase"),
    office("alarms_outage"),
    register("alarms_outagetenant"),
    register("alarms_outagenotice"),
    # The office answers too when somebody asks why no mail came.
    register("alarms_notice"),
    via("alarms_rulestate", "alarms_rule", "rule_id", ALL),
    via(
        "alarms_rule_recipients",
        "alarms_rule",
        "rule_id",
        ALL,
        also="EXISTS (SELECT FROM alarms_recipient r "
        f"WHERE r.id = alarms_rule_recipients.recipient_id AND r.{OWN})",
    ),
    via(
        "alarms_sharedrule_recipients",
        "alarms_sharedrule",
        "sharedrule_id",
        ALL,
        also="EXISTS (SELECT FROM alarms_recipient r "
        f"WHERE r.id = alarms_sharedrule_recipients.recipient_id AND r.{OWN})",
    ),
    via(
        "alarms_sharedrule_devices",
        "alarms_sharedrule",
        "sharedrule_id",
        ALL,
        also="EXISTS (SELECT FROM devices_device d "
        f"WHERE d.id = alarms_sharedrule_devices.device_id AND d.{OWN})",
    ),
)
