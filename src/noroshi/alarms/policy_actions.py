"""What people decide about how they are told: policy, groups, wishes; each is written down."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.alarms.models import Duty, Event, Group, Pace, Policy, Recipient
from noroshi.alarms.roster import Hours
from noroshi.alarms.told_models import HOURLY_MAX, REPEATS_MAX, SINGLES_MAX
from noroshi.tenants.audit import Actor, record
from noroshi.tenants.models import Tenant

GROUPS_MAX = 20
DUTIES_MAX = 50
MINUTES_MAX = 7 * 24 * 60
NAME_CHARS_MAX = 100


class BadPolicy(ValueError):
    """It makes no sense so; the message is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a contractor wants to be told; the names are those of the policy's columns."""

    tells_recovery: bool
    has_links: bool
    repeat_every_min: int | None
    repeats_max: int
    quiet_from: time | None
    quiet_until: time | None
    quiet_events: Sequence[str]
    singles_a_minute: int
    mails_an_hour: int


@dataclass(frozen=True, slots=True)
class NewDuty:
    """One line of a roster."""

    recipient: Recipient
    hours: Hours


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group: name, after how many minutes it is told (0 = at once, None = never), its roster."""

    name: str
    after_min: int | None
    duties: Sequence[NewDuty] = field(default=())


def policy_of(tenant: Tenant) -> Policy:
    """The policy in force: the defaults where none was saved."""
    return Policy.objects.filter(tenant=tenant).first() or Policy(tenant=tenant)


@transaction.atomic
def set_policy(terms: Terms, *, by: Actor, now: datetime) -> None:
    """Put it in force from now on; what waits already is told as it was decided. BadPolicy."""
    tenant = _tenant_of(by)
    _check(terms)
    before = _terms_of(policy_of(tenant))
    Policy.objects.update_or_create(tenant=tenant, defaults=asdict(terms))
    told = {"before": _plain(before), "after": _plain(terms)}
    record(by, "policy.changed", _("知らせ方"), now=now, details=told)


@transaction.atomic
def save_group(new: NewGroup, group: Group | None, *, by: Actor, now: datetime) -> Group:
    """Make a group, or change one: its roster is replaced. Raises BadPolicy."""
    tenant = _tenant_of(by)
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # one after the other
    _check_group(new, group, tenant)
    action = "group.changed" if group else "group.made"
    saved = group or Group(tenant=tenant, created_at=now)
    saved.name, saved.after_min = new.name.strip(), new.after_min
    saved.save()
    saved.duties.all().delete()
    Duty.objects.bulk_create(
        Duty(tenant=tenant, group=saved, recipient=one.recipient, **asdict(one.hours))
        for one in new.duties
    )
    people = sorted({one.recipient.name for one in new.duties})
    told = {"after_min": new.after_min, "recipients": people}
    record(by, action, saved, now=now, details=told)
    return saved


@transaction.atomic
def remove_group(group: Group, *, by: Actor, now: datetime) -> None:
    """Nobody is told as this group any more."""
    record(by, "group.removed", group, now=now)
    group.delete()


@transaction.atomic
def wish(recipient: Recipient, events: Sequence[str] | None, *, by: Actor, now: datetime) -> None:
    """Which events wait for the end of the quiet time for this one; None = as the policy says."""
    if events is not None and not set(events) <= set(Event.values):
        raise BadPolicy(_("知らせの種類を選んでください。"))
    wanted = None if events is None else sorted(events)
    Pace.objects.update_or_create(
        recipient=recipient, tenant_id=recipient.tenant_id, defaults={"quiet_events": wanted}
    )
    record(by, "recipient.wished", recipient, now=now, details={"quiet_events": wanted})


def _tenant_of(by: Actor) -> Tenant:
    if by.tenant is None:
        raise BadPolicy(_("契約者を選んでください。"))
    return by.tenant


def _check(terms: Terms) -> None:
    if (terms.quiet_from is None) != (terms.quiet_until is None):
        raise BadPolicy(_("静かな時間は、はじまりとおわりの両方を入れてください。"))
    if terms.quiet_from is not None and terms.quiet_from == terms.quiet_until:
        raise BadPolicy(_("静かな時間のはじまりとおわりは、違う時刻にしてください。"))
    if not set(terms.quiet_events) <= set(Event.values):
        raise BadPolicy(_("知らせの種類を選んでください。"))
    numbers = (
        (terms.repeat_every_min, 1, MINUTES_MAX),
        (terms.repeats_max, 1, REPEATS_MAX),
        (terms.singles_a_minute, 1, SINGLES_MAX),
        (terms.mails_an_hour, 1, HOURLY_MAX),
    )
    for number, least, most in numbers:
        if number is not None and not least <= number <= most:
            raise BadPolicy(
                _("%(least)dから%(most)dまでの数を入れてください。")
                % {"least": least, "most": most}
            )


def _check_group(new: NewGroup, group: Group | None, tenant: Tenant) -> None:
    name = new.name.strip()
    if not name or len(name) > NAME_CHARS_MAX:
        raise BadPolicy(_("名前を、100文字までで入れてください。"))
    others = Group.objects.filter(tenant=tenant)
    if group is not None:
        others = others.exclude(pk=group.pk)
    if others.filter(name=name).exists():
        raise BadPolicy(_("この名前のグループは、もうあります。"))
    if group is None and others.count() >= GROUPS_MAX:
        raise BadPolicy(_("グループは%(n)dまでです。") % {"n": GROUPS_MAX})
    if len(new.duties) > DUTIES_MAX:
        raise BadPolicy(_("当番は%(n)d行までです。") % {"n": DUTIES_MAX})
    if new.after_min is not None and not 0 <= new.after_min <= MINUTES_MAX:
        raise BadPolicy(
            _("%(least)dから%(most)dまでの数を入れてください。") % {"least": 0, "most": MINUTES_MAX}
        )
    if any(one.recipient.tenant_id != tenant.pk for one in new.duties):
        raise BadPolicy(_("ほかの契約者の通知先は選べません。"))


def _terms_of(policy: Policy) -> Terms:
    return Terms(**{name: getattr(policy, name) for name in Terms.__dataclass_fields__})


def _plain(terms: Terms) -> dict[str, object]:
    """As JSON can hold it."""
    values = asdict(terms)
    for name in ("quiet_from", "quiet_until"):
        values[name] = f"{values[name]:%H:%M}" if values[name] else None
    return values | {"quiet_events": list(terms.quiet_events)}
