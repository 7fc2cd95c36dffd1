"""What a kind of service has on a day, and how that changes: dated rows, never a switch in code.

Articles 5 and 6 of the terms do not bind a kind without accounts: nobody signs in for it, and
nothing is kept for anybody to look at.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.access import JAPAN
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import (
    Enrolment,
    KindSwitch,
    Membership,
    ServiceKind,
    StaffRole,
    Switch,
    SwitchValue,
    Tenant,
)
from noroshi.tenants.models.kinds import VALUES

REASON_CHARS_MAX = 500
# Until the end of the transaction: who is being made a user now is waited for, nobody else is.
NO_NEW_USERS = "LOCK TABLE tenants_membership, tenants_enrolment IN SHARE MODE"


class KindRefusal(ValueError):
    """The kind or its switch cannot be changed so; the message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A switch on one day: its value, and the day from which it has it without a break."""

    switch: Switch
    value: SwitchValue
    since: date

    @property
    def is_on(self) -> bool:
        """Whether the kind has it; only for switches that say yes or no."""
        return self.value == SwitchValue.YES


@dataclass(frozen=True, slots=True)
class NewValue:
    """What a switch shall be from a day on, and why."""

    switch: str
    value: str
    since: date
    reason: str


def japans_day(now: datetime) -> date:
    """The calendar day in Japan."""
    return now.astimezone(JAPAN).date()


def value_on(rows: Iterable[KindSwitch], switch: str, day: date) -> InForce | None:
    """The value in force that day; None when no row is that old. Of one day the later row counts.

    `rows` in any order, of one kind.
    """
    begun = [row for row in rows if row.switch == switch and row.since <= day]
    begun.sort(key=lambda row: (row.since, row.pk or 0), reverse=True)
    if not begun:
        return None
    value, since = begun[0].value, begun[0].since
    for row in begun[1:]:
        if row.since == since:
            continue  # was put right on the day itself
        if row.value != value:
            break
        since = row.since
    return InForce(Switch(switch), SwitchValue(value), since)


def switches_of(kind: ServiceKind | str, day: date) -> Mapping[Switch, InForce]:
    """Everything that is in force for the kind that day; a switch that never was set is missing."""
    rows = list(KindSwitch.objects.filter(kind=kind))
    found = {one: value_on(rows, one, day) for one in Switch}
    return {one: value for one, value in found.items() if value is not None}


def on_of(kind: ServiceKind | str, day: date) -> frozenset[Switch]:
    """What the kind has that day; what no row says, it has not."""
    return frozenset(one for one, value in switches_of(kind, day).items() if value.is_on)


def has_accounts(tenant: Tenant, now: datetime) -> bool:
    """Whether people may have accounts for this tenant at all."""
    return Switch.HAS_ACCOUNT in on_of(str(tenant.kind_id), japans_day(now))


def refusal_of(tenant: Tenant, now: datetime) -> str:
    """Why nobody can be a user of this tenant, in words; empty when people can."""
    if has_accounts(tenant, now):
        return ""
    return _(
        "このサービス種別にはアカウントがありません（第5条・第6条は適用されません）。"
        "利用者は登録できません。"
    )


@transaction.atomic
def set_switch(kind: ServiceKind, new: NewValue, *, by: Actor, now: datetime) -> KindSwitch:
    """Add a dated row, by an administrator of the office. Raises KindRefusal.

    Not for a day that is over: what was in force then, was.
    """
    if by.user is None or not by.user.has_role(StaffRole.ADMIN):
        raise KindRefusal(_("サービス種別を変えられるのは管理者だけです。"))
    reason = new.reason.strip()[:REASON_CHARS_MAX]
    _check(new, reason, japans_day(now))
    before = switches_of(kind, new.since).get(Switch(new.switch))
    if before is not None and before.value == new.value:
        raise KindRefusal(_("その日には、すでにこの値です。"))
    if (new.switch, new.value) == (Switch.HAS_ACCOUNT, SwitchValue.NO):
        with connection.cursor() as cursor:
            cursor.execute(NO_NEW_USERS)
        if has_users(Tenant.objects.filter(kind=kind).values_list("pk", flat=True)):
            raise KindRefusal(_("この種別の契約者に利用者がいるため、アカウントをなくせません。"))
    row = KindSwitch.objects.create(
        kind=kind, switch=new.switch, value=new.value, since=new.since, reason=reason,
        set_by=by.user, at=now,
    )  # fmt: skip
    details = {
        "switch": new.switch,
        "before": before.value if before else "",
        "after": new.value,
        "since": new.since.isoformat(),
        "reason": reason,
    }
    audit.record(by, "kind.switched", kind.code, now=now, details=details)
    return row


def has_users(tenants: Collection[int]) -> bool:
    """Whether anybody acts for one of these tenants, or stands in its register."""
    members = Membership.objects.filter(tenant__in=tenants)
    lines = Enrolment.objects.filter(tenant__in=tenants, ended_at=None)
    return members.exists() or lines.exists()


def _check(new: NewValue, reason: str, today: date) -> None:
    if new.switch not in Switch.values or new.value not in VALUES[Switch(new.switch)]:
        raise KindRefusal(_("この項目に、その値はありません。"))
    if new.since < today:
        raise KindRefusal(_("過ぎた日からは変えられません。今日かこれからの日を選んでください。"))
    if not reason:
        raise KindRefusal(_("理由を書いてください。"))
