"""One rule for a site, a type or a group: its copies, one a device, kept as it says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from noroshi.alarms.actions import (
    BadRule,
    Terms,
    check,
    check_tenant,
    details_of,
    still_there,
    terms_of,
)
from noroshi.alarms.models import Incident, Recipient, Rule, RuleState, SharedRule
from noroshi.base import wire
from noroshi.devices.models import Device, DeviceType, Quantity, Site
from noroshi.readings.models import Series
from noroshi.tenants.audit import Actor, record

GROUP_MAX = 1000  # devices chosen by hand for one rule
RADIO = "@radio"
# Rules with a device too few or too many.
STRAYED = """
WITH wanted AS (
    SELECT shared.id, device.id AS device_id
    FROM alarms_sharedrule shared JOIN devices_device device
    ON device.tenant_id = shared.tenant_id AND device.retired_at IS NULL AND (
        device.site_id = shared.site_id OR device.type_id = shared.type_id OR EXISTS (
            SELECT FROM alarms_sharedrule_devices chosen
            WHERE chosen.sharedrule_id = shared.id AND chosen.device_id = device.id))
    WHERE shared.key = '@radio'
    OR EXISTS (SELECT FROM devices_quantity q WHERE q.type_id = device.type_id AND q.key = shared.key)
    OR EXISTS (SELECT FROM readings_series s WHERE s.device_id = device.id AND s.key = shared.key)
), copied AS (SELECT shared_id, device_id FROM alarms_rule WHERE shared_id IS NOT NULL)
SELECT DISTINCT id FROM (
    (SELECT * FROM wanted EXCEPT SELECT * FROM copied)
    UNION ALL (SELECT * FROM copied EXCEPT SELECT * FROM wanted)
) AS strayed
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Scope:
    """What a shared rule is for: one of a site, a type, or devices chosen under a name."""

    site: Site | None = None
    type: DeviceType | None = None
    group: str = ""
    devices: Sequence[Device] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that a person says of a shared rule."""

    scope: Scope
    terms: Terms
    recipients: Sequence[Recipient]


def touched(tenant_id: int, scope: Scope, key: str) -> QuerySet[Device]:
    """The devices in the scope that have the quantity, by name; any device is heard or not."""
    found = Device.objects.filter(tenant=tenant_id, retired_at=None)
    if scope.site is not None:
        found = found.filter(site=scope.site)
    elif scope.type is not None:
        found = found.filter(type=scope.type)
    else:
        found = found.filter(pk__in=[device.pk for device in scope.devices])
    return measuring(found, key).order_by("name", "pk")


def measuring(devices: QuerySet[Device], key: str) -> QuerySet[Device]:
    """Those of them that have the quantity, by their type or by what came in."""
    if key == RADIO:
        return devices
    named = Quantity.objects.filter(type=OuterRef("type"), key=key)
    told = Series.objects.filter(device=OuterRef("pk"), key=key)
    return devices.filter(Q(Exists(named)) | Q(Exists(told)))


def scope_of(shared: SharedRule) -> Scope:
    """What it is for."""
    is_group = shared.site is None and shared.type is None
    devices = list(shared.devices.all()) if is_group else []
    return Scope(shared.site, shared.type, shared.group, devices)


@transaction.atomic
def make_shared(wanted: Wanted, *, by: Actor, now: datetime) -> SharedRule:
    """Watch a quantity of many devices, also of those that come later; raises BadRule."""
    if by.tenant is None:
        raise BadRule(_("契約者を選んでください。"))
    scope, terms = wanted.scope, wanted.terms
    recipients = _checked(by.tenant.pk, wanted)
    shared = SharedRule.objects.create(
        tenant=by.tenant, site=scope.site, type=scope.type, group=scope.group, created_at=now,
        **asdict(terms),
    )  # fmt: skip
    shared.recipients.set(recipients)
    shared.devices.set(scope.devices)
    count = spread(shared, now=now)
    told = details_of(shared, recipients) | {"devices": count}
    record(by, "rule.made", shared, now=now, details=told)
    return shared


@transaction.atomic
def change_shared(shared: SharedRule, wanted: Wanted, *, by: Actor, now: datetime) -> SharedRule:
    """Put new terms, recipients and, of a group, devices in place of the old; raises BadRule."""
    scope, terms = wanted.scope, wanted.terms
    recipients = _checked(shared.tenant_id, wanted)
    known = SharedRule.objects.select_for_update(no_key=True).get(pk=shared.pk)
    before = details_of(known, list(known.recipients.all()))
    for name, value in asdict(terms).items():
        setattr(known, name, value)
    known.group = scope.group
    known.save(update_fields=[*asdict(terms), "group"])
    known.recipients.set(recipients)
    known.devices.set(scope.devices)
    count = spread(known, now=now)
    after = details_of(known, recipients) | {"devices": count}
    record(by, "rule.changed", known, now=now, details={"before": before, "after": after})
    return known


@transaction.atomic
def remove_shared(shared: SharedRule, *, by: Actor, now: datetime) -> None:
    """Stop watching all of them; open incidents end, past ones stay in the history."""
    known = SharedRule.objects.select_for_update().get(pk=shared.pk)
    copies = _locked(known)
    details = details_of(known, list(known.recipients.all())) | {"devices": len(copies)}
    _end(copies, now=now)
    record(by, "rule.removed", known, now=now, details=details)
    known.delete()


def spread(shared: SharedRule, *, now: datetime) -> int:
    """Make every copy say what the rule says, for the devices it touches; how many those are.

    A copy whose terms change begins anew; one whose device left ends with its incident.
    """
    copies = {rule.device_id: rule for rule in _locked(shared)}
    wanted = set(
        touched(shared.tenant_id, scope_of(shared), shared.key).values_list("pk", flat=True)
    )
    terms = terms_of(shared)
    gone = [rule for device_id, rule in copies.items() if device_id not in wanted]
    _end(gone, now=now)
    Rule.objects.filter(pk__in=[rule.pk for rule in gone]).delete()
    other = [
        rule
        for device_id, rule in copies.items()
        if device_id in wanted and terms_of(rule) != terms
    ]
    _end(other, now=now)
    Rule.objects.filter(pk__in=[rule.pk for rule in other]).update(**asdict(terms))
    Rule.objects.bulk_create(
        Rule(
            tenant_id=shared.tenant_id, device_id=device_id, shared=shared, created_at=now,
            **asdict(terms),
        )
        for device_id in sorted(wanted - copies.keys())
    )  # fmt: skip
    _tell_same(shared)
    return len(wanted)


def keep_up(now: datetime) -> int:
    """Bring rules to devices that came and end them on those that left; how many rules strayed."""
    with wire.cursor() as cursor:
        strayed = [shared_id for (shared_id,) in cursor.execute(STRAYED).fetchall()]
    for shared_id in sorted(strayed):
        with transaction.atomic():
            found = SharedRule.objects.select_for_update(no_key=True).filter(pk=shared_id).first()
            if found is not None:
                spread(found, now=now)
    return len(strayed)


def _locked(shared: SharedRule) -> list[Rule]:
    """Its copies, locked in one order and before their states, as the spine does."""
    return list(Rule.objects.filter(shared=shared).order_by("pk").select_for_update(no_key=True))


def _end(rules: Sequence[Rule], *, now: datetime) -> None:
    """Forget what was judged and end open incidents; nothing recovered, so no mail says so."""
    RuleState.objects.filter(rule__in=rules).delete()
    Incident.objects.open_().filter(rule__in=rules).update(closed_at=now)


def _tell_same(shared: SharedRule) -> None:
    """Whom the rule tells, all of its copies tell."""
    through = Rule.recipients.through
    told = list(shared.recipients.values_list("pk", flat=True))
    rules = list(Rule.objects.filter(shared=shared).values_list("pk", flat=True))
    through.objects.filter(rule__in=rules).exclude(recipient__in=told).delete()
    through.objects.bulk_create(
        (through(rule_id=rule, recipient_id=one) for rule in rules for one in told),
        ignore_conflicts=True,
    )


def _checked(tenant_id: int, wanted: Wanted) -> list[Recipient]:
    """The recipients that are still there; raises BadRule."""
    check(wanted.terms)
    _check_scope(tenant_id, wanted.scope)
    check_tenant(tenant_id, wanted.recipients)
    return still_there(wanted.recipients)


def _check_scope(tenant_id: int, scope: Scope) -> None:
    if scope.site is None and scope.type is None:
        if not scope.group.strip() or not scope.devices:
            raise BadRule(_("グループの名前と端末を選んでください。"))
        if len(scope.devices) > GROUP_MAX:
            raise BadRule(_("一つのグループの端末は、%(n)d台までです。") % {"n": GROUP_MAX})
    own = {tenant_id}
    if {device.tenant_id for device in scope.devices} - own:
        raise BadRule(_("ほかの契約者の端末は選べません。"))
    if scope.site is not None and scope.site.tenant_id not in own:
        raise BadRule(_("ほかの契約者の場所は選べません。"))
