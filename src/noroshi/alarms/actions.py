"""What people do with rules, recipients and incidents; each change is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from math import isfinite

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.alarms.checks import flaw_of
from noroshi.alarms.models import LIMITS, Incident, Recipient, Rule, RuleState, RuleTerms
from noroshi.contracts.effective import exceeded, of_tenant
from noroshi.devices.models import Device
from noroshi.outbox import consent, hooks
from noroshi.outbox.addresses import clean_address
from noroshi.outbox.channels import Channel
from noroshi.tenants.audit import Actor, record
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Tenant

LANGUAGES = frozenset({"ja", "en"})
NAME_CHARS_MAX = 100


class BadRule(ValueError):
    """The limits make no sense together; the message is for the person who typed them."""


class BadRecipient(ValueError):
    """The recipient cannot be kept; the message is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule says; limits and margin in the unit of the quantity, hold_s in seconds.

    `options` are the fields of a kind that is not `limits`, `more` what goes beyond the condition.
    """

    key: str
    upper: float | None = None
    lower: float | None = None
    margin: float = 0.0
    hold_s: int = 0
    is_active: bool = True
    kind: str = LIMITS
    options: Mapping[str, object] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to tell; the address of a webhook is its URL."""

    name: str
    address: str
    language: str = "ja"
    is_active: bool = True
    channel: str = str(Channel.MAIL)


@transaction.atomic
def make_rule(
    device: Device, terms: Terms, recipients: Sequence[Recipient], *, by: Actor, now: datetime
) -> Rule:
    """Watch a quantity of a device; raises BadRule."""
    check(terms)
    check_tenant(device.tenant_id, recipients)
    recipients = still_there(recipients)
    rule = Rule.objects.create(
        tenant_id=device.tenant_id, device=device, created_at=now, **asdict(terms)
    )
    rule.recipients.set(recipients)
    record(by, "rule.made", device, now=now, details=details_of(rule, recipients))
    return rule


@transaction.atomic
def change_rule(
    rule: Rule, terms: Terms, recipients: Sequence[Recipient], *, by: Actor, now: datetime
) -> Rule:
    """Put new terms and recipients in place of the old ones; raises BadRule.

    Other limits begin anew: what was judged by the old ones says nothing about them, so an open
    incident ends. When only the recipients change, it goes on.
    """
    check(terms)
    check_tenant(rule.tenant_id, recipients)
    known = Rule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    _check_own(known)
    recipients = still_there(recipients)
    before = details_of(known, list(known.recipients.all()))
    is_other = terms_of(known) != terms
    for name, value in asdict(terms).items():
        setattr(known, name, value)
    known.save(update_fields=list(asdict(terms)))
    known.recipients.set(recipients)
    details: dict[str, object] = {"before": before, "after": details_of(known, recipients)}
    if is_other:
        details["incidents_closed"] = _begin_anew(known, now=now)
    record(by, "rule.changed", known.device, now=now, details=details)
    return known


@transaction.atomic
def remove_rule(rule: Rule, *, by: Actor, now: datetime) -> None:
    """Stop watching; an open incident ends, past ones stay in the history."""
    known = Rule.objects.select_for_update().get(pk=rule.pk)
    _check_own(known)
    details = details_of(known, list(known.recipients.all()))
    details["incidents_closed"] = _begin_anew(known, now=now)
    device = known.device
    known.delete()
    record(by, "rule.removed", device, now=now, details=details)


@transaction.atomic
def add_recipient(person: Person, *, by: Actor, now: datetime) -> Recipient:
    """Add somebody to tell in the actor's tenant; raises BadRecipient or BadAddress."""
    if by.tenant is None:
        raise BadRecipient(_("契約者を選んでください。"))
    told = _recipient_fields(person)
    _check_room(by.tenant, now)
    recipient, is_new = Recipient.objects.get_or_create(
        tenant=by.tenant, address=told.pop("address"), defaults=told | {"created_at": now}
    )
    if not is_new:
        raise BadRecipient(_("この宛先は、もう登録されています。"))
    record(by, "recipient.added", recipient, now=now, details=asdict(person))
    _ask(recipient, now)
    return recipient


@transaction.atomic
def change_recipient(
    recipient: Recipient, person: Person, *, by: Actor, now: datetime
) -> Recipient:
    """Change name, address, language, or whether mails are sent; raises as add_recipient does."""
    told = _recipient_fields(person)
    is_hook = Channel.WEBHOOK in {recipient.channel, person.channel}
    if is_hook and (recipient.channel, recipient.address) != (told["channel"], told["address"]):
        raise BadRecipient(_("WebhookのURLは変えられません。新しく追加してください。"))
    others = Recipient.objects.filter(tenant_id=recipient.tenant_id).exclude(pk=recipient.pk)
    if others.filter(address=told["address"]).exists():
        raise BadRecipient(_("この宛先は、もう登録されています。"))
    known = Recipient.objects.select_for_update().get(pk=recipient.pk)
    before = {name: getattr(known, name) for name in told}
    for name, value in told.items():
        setattr(known, name, value)
    known.save(update_fields=list(told))
    record(by, "recipient.changed", known, now=now, details={"before": before, "after": told})
    if before["address"] != known.address:
        consent.forget(known.tenant_id, str(before["address"]))
        _ask(known, now)
    return known


@transaction.atomic
def remove_recipient(recipient: Recipient, *, by: Actor, now: datetime) -> None:
    """Tell this person no more; mails that wait are still sent."""
    # Whoever makes this one a rule's recipient at the same time is waited for (still_there).
    Recipient.objects.select_for_update().filter(pk=recipient.pk).first()
    details = {"name": recipient.name, "address": recipient.address}
    record(by, "recipient.removed", recipient, now=now, details=details)
    consent.forget(recipient.tenant_id, recipient.address)
    recipient.delete()
    if recipient.is_webhook:
        # Whoever decides what this one is told has ended by now: it held the recipient's pace.
        hooks.remove(recipient.tenant_id, recipient.address)


def end_watching(device: Device, *, now: datetime) -> None:
    """Nobody is told of this device any more: its rules rest, its incidents end without a mail."""
    rules = Rule.objects.filter(device=device.pk)
    # In one order and before their states, as the spine does.
    list(rules.order_by("pk").select_for_update(no_key=True))
    RuleState.objects.filter(rule__device=device.pk).delete()
    rules.update(is_active=False)
    Incident.objects.open_().filter(device=device.pk).update(closed_at=now)


def end_of_retired(now: datetime) -> int:
    """End the incidents of devices out of service; how many. Nothing recovered: no mail."""
    gone = Incident.objects.open_().filter(device__retired_at__isnull=False)
    return gone.update(closed_at=now)


def _begin_anew(rule: Rule, *, now: datetime) -> list[str]:
    """Forget what was judged and end the open incident; the codes of what was ended.

    There is no recovery mail: the value did not recover.
    """
    RuleState.objects.filter(rule=rule).delete()
    open_now = Incident.objects.open_().filter(rule=rule)
    codes = list(open_now.values_list("code", flat=True))
    open_now.update(closed_at=now)
    return codes


def _check_own(rule: Rule) -> None:
    if rule.shared_id is not None:
        raise BadRule(_("まとめた条件は、まとめて変えてください。"))


def check(terms: Terms) -> None:
    """Raise BadRule where the terms make no sense."""
    if not terms.key.strip():
        raise BadRule(_("項目を選んでください。"))
    limits = (terms.upper, terms.lower)
    if not all(isfinite(number) for number in (*(one or 0 for one in limits), terms.margin)):
        raise BadRule(_("上限・下限・復帰の幅は、数で入れてください。"))
    try:
        flaw = flaw_of(Rule(**asdict(terms)).plan)
    except msgspec.ValidationError as error:
        raise BadRule(_("条件を読めません。")) from error
    if flaw:
        raise BadRule(flaw)
    upper, lower = limits
    if upper is not None and lower is not None and terms.margin > upper - lower:
        raise BadRule(_("復帰の幅は、上限と下限の差より小さくしてください。"))


def _check_room(tenant: Tenant, now: datetime) -> None:
    """Raise BadRecipient where the contract allows no more; two at once wait for each other."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    count = Recipient.objects.filter(tenant=tenant).count()
    limit = exceeded(tenant.pk, "recipients_max", count + 1, japans_day(now))
    if limit is not None:
        raise BadRecipient(
            _("通知先は%(n)d名までの契約です。契約の変更をご相談ください。") % {"n": limit}
        )


def _ask(recipient: Recipient, now: datetime) -> None:
    """Ask the person, where the contract wants that, whether to get the mails.

    A webhook is asked by a test.
    """
    if recipient.is_webhook:
        try:
            hooks.make(recipient.tenant, recipient.address, now=now)
        except hooks.TooMany as reason:
            raise BadRecipient(str(reason)) from None
        return
    needs = of_tenant(recipient.tenant_id, "recipients_confirm", japans_day(now))
    if not needs.value:
        consent.ask_nobody(recipient.tenant_id, recipient.address, now=now)
        return
    try:
        consent.ask(recipient.tenant, recipient.address, recipient.language, now=now)
    except consent.NotAsked as reason:
        raise BadRecipient(str(reason)) from None


def check_tenant(tenant_id: int, recipients: Sequence[Recipient]) -> None:
    """Raise BadRule where a recipient is of another tenant."""
    if any(recipient.tenant_id != tenant_id for recipient in recipients):
        raise BadRule(_("ほかの契約者の通知先は選べません。"))


def still_there(recipients: Sequence[Recipient]) -> list[Recipient]:
    """Those that nobody has removed meanwhile; nobody can until the transaction ends."""
    known = Recipient.objects.filter(pk__in=[recipient.pk for recipient in recipients])
    return list(known.order_by("pk").select_for_update(no_key=True))


def _recipient_fields(person: Person) -> dict[str, object]:
    name = person.name.strip()
    if not name or len(name) > NAME_CHARS_MAX:
        raise BadRecipient(_("お名前を、100文字までで入れてください。"))
    if person.language not in LANGUAGES:
        raise BadRecipient(_("メールの言語を選んでください。"))
    is_hook = person.channel == Channel.WEBHOOK
    return {
        "name": name,
        "channel": str(Channel(person.channel)),
        "address": (hooks.clean_url if is_hook else clean_address)(person.address),
        "language": person.language,
        "is_active": person.is_active,
    }


def terms_of(rule: RuleTerms) -> Terms:
    """What a rule says."""
    return Terms(**{one.name: getattr(rule, one.name) for one in fields(Terms)})


def details_of(rule: RuleTerms, recipients: Sequence[Recipient]) -> dict[str, object]:
    """The rule as the history keeps it."""
    told = sorted(recipient.code for recipient in recipients)
    terms = asdict(terms_of(rule))
    if rule.is_plain:
        for name in ("kind", "options", "more"):
            del terms[name]
    return {"rule": rule.code, **terms, "recipients": told}
