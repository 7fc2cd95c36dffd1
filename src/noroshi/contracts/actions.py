"""Draw up, form and amend contracts: every change dated, with its source and both sides' act."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from noroshi.contracts import registry, snapshots
from noroshi.contracts.items import Item, items_of
from noroshi.contracts.models import Amendment, Condition, Contract, LicensedItem
from noroshi.contracts.registry import WANA, BadValue, UnknownKey
from noroshi.contracts.resolve import Level
from noroshi.tenants import audit, kinds
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Agent, Intent, IntentKind, Paper, Tenant, User

SHEET = "条件書"
AMENDMENT_HEAD, AMENDMENT_TAIL = "変更契約 第", "号"
REASON_CHARS_MAX = 500
ADVISORY = "contract number "


class ContractRefusal(ValueError):
    """The contract cannot be made or changed so; the message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A condition sheet.

    Attributes:
        from_day, until_day: the period, calendar days in Japan; `until_day` is the first day that
            is no longer in it, None = without end.
        conditions: text by key, as registry.checked takes it; what is missing has its default.
        items: what is licensed; None = everything that the kind has.
        source: how the sheet is called: 条件書, 申込書 特約.
        document_sha256: of the filed paper; empty where there is none.
    """

    from_day: date
    until_day: date | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    items: Collection[Item] | None = None
    source: str = SHEET
    document_sha256: str = ""
    agent: Agent | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What an amendment changes from a day on; empty = stays as it is.

    Attributes:
        conditions: new text by key.
        add, remove: items licensed from that day on, or no longer.
        until_day: the new end of the contract, the first day that is no longer in it.
    """

    from_day: date
    reason: str
    conditions: Mapping[str, str] = field(default_factory=dict)
    add: Collection[Item] = ()
    remove: Collection[Item] = ()
    until_day: date | None = None


@transaction.atomic
def conclude(tenant: Tenant, sheet: Sheet, *, by: Actor, now: datetime) -> Contract:
    """Draw up a contract and form it at once. Raises ContractRefusal."""
    return form(draw_up(tenant, sheet, by=by, now=now), by=by, now=now)


@transaction.atomic
def draw_up(tenant: Tenant, sheet: Sheet, *, by: Actor, now: datetime) -> Contract:
    """A draft with its condition sheet; binds nobody. Raises ContractRefusal."""
    texts = {key: _checked(key, text) for key, text in sheet.conditions.items()}
    switches = kinds.on_of(str(tenant.kind_id), max(sheet.from_day, japans_day(now)))
    has = items_of(switches)
    wanted = has if sheet.items is None else frozenset(sheet.items)
    if wanted - has:
        raise ContractRefusal(_("このサービス種別にはない契約内容が選ばれています。"))
    if sheet.until_day is not None and sheet.until_day <= sheet.from_day:
        raise ContractRefusal(_("契約期間の終わりは、初日より後にしてください。"))
    contract = Contract.objects.create(
        tenant=tenant, kind=tenant.kind, party=tenant.party, agent=sheet.agent,
        from_day=sheet.from_day, until_day=sheet.until_day, made_at=now,
    )  # fmt: skip
    same = {
        "tenant": tenant, "contract": contract, "source": sheet.source,
        "document_sha256": sheet.document_sha256, "from_day": sheet.from_day,
    }  # fmt: skip
    Condition.objects.bulk_create(
        Condition(key=key, value=text, level=Level.SHEET.value, **same)
        for key, text in texts.items()
    )
    LicensedItem.objects.bulk_create(LicensedItem(item=one, **same) for one in sorted(wanted))
    details = {"contractor": tenant.name, "conditions": texts, "items": sorted(wanted)}
    audit.record(Actor(by.user, None), "contract.drawn_up", contract, now=now, details=details)
    return contract


@transaction.atomic
def form(contract: Contract, *, by: Actor, now: datetime) -> Contract:
    """Form a draft: from now on it has its number and changes by amendments only.

    Raises ContractRefusal where it is formed, or another is in force on one of its days.
    """
    held = Contract.objects.select_for_update(no_key=True).get(pk=contract.pk)
    if held.state != Contract.State.DRAFT:
        raise ContractRefusal(_("この契約は成立しています。"))
    held.number = _next_number("W" if held.kind_id == WANA else "C")
    held.state, held.formed_at = Contract.State.FORMED, now
    try:
        with transaction.atomic():
            held.save(update_fields=["number", "state", "formed_at"])
    except IntegrityError as error:
        raise ContractRefusal(_("この期間には、すでに別の契約があります。")) from error
    snapshot = snapshots.take(held, None, now=now)
    details = {"number": held.number, "sha256": snapshot.sha256}
    audit.record(Actor(by.user, held.tenant), "contract.formed", held, now=now, details=details)
    return held


@transaction.atomic
def amend(
    contract: Contract, change: Change, theirs: Intent | Paper, *, by: Actor, now: datetime
) -> Amendment:
    """Change a formed contract by a dated amendment.

    `theirs` is the contractor's side: an act of intent of the kind amendment, or the signed paper
    on file; `by`, of the office, agrees for the provider. Raises ContractRefusal.
    """
    held = Contract.objects.select_for_update(no_key=True).get(pk=contract.pk)
    texts = {key: _checked(key, text) for key, text in change.conditions.items()}
    _check(held, change, theirs, now)
    last = held.amendments.order_by("-number").first()
    made = Amendment.objects.create(
        tenant_id=held.tenant_id, contract=held, number=last.number + 1 if last else 1,
        from_day=change.from_day, until_day=change.until_day, reason=change.reason.strip(),
        agreed_by=_provider(by), at=now,
        intent=theirs if isinstance(theirs, Intent) else None,
        paper=theirs if isinstance(theirs, Paper) else None,
        document_sha256=theirs.hash if isinstance(theirs, Intent) else theirs.sha256,
    )  # fmt: skip
    for key, text in texts.items():
        _set(held, key, text, made)
    _license(held, change, made)
    if change.until_day is not None:
        held.until_day = change.until_day
        held.save(update_fields=["until_day"])
    snapshot = snapshots.take(held, made, now=now)
    details = {
        "number": made.number, "from": change.from_day.isoformat(), "conditions": texts,
        "add": sorted(change.add), "remove": sorted(change.remove),
        "until": change.until_day.isoformat() if change.until_day else "",
        "sha256": snapshot.sha256,
    }  # fmt: skip
    audit.record(Actor(by.user, held.tenant), "contract.amended", held, now=now, details=details)
    return made


def source_of(amendment: Amendment) -> str:
    """How an amendment is named as a source; kept as it stands, in Japanese."""
    return f"{AMENDMENT_HEAD}{amendment.number}{AMENDMENT_TAIL}"


def _provider(by: Actor) -> User:
    """Who agrees for the provider."""
    if by.user is None or not by.user.is_staff:
        raise ContractRefusal(_("提供者として同意できるのは事務局だけです。"))
    return by.user


def _check(contract: Contract, change: Change, theirs: Intent | Paper, now: datetime) -> None:
    """Raise ContractRefusal for what no amendment can do, whoever asks."""
    if contract.state != Contract.State.FORMED:
        raise ContractRefusal(_("成立していない契約は、条件書を直してください。"))
    if not change.reason.strip() or len(change.reason) > REASON_CHARS_MAX:
        raise ContractRefusal(_("理由を書いてください。"))
    if not (change.conditions or change.add or change.remove or change.until_day):
        raise ContractRefusal(_("変える内容がありません。"))
    ends = contract.until_day
    if change.from_day < max(contract.from_day, japans_day(now)) or (
        ends is not None and change.from_day >= ends and change.until_day is None
    ):
        raise ContractRefusal(_("変更日は、今日からあとの契約期間の中にしてください。"))
    if change.until_day is not None and change.until_day <= change.from_day:
        raise ContractRefusal(_("契約期間の終わりは、変更日より後にしてください。"))
    _check_theirs(contract, theirs)


def _check_theirs(contract: Contract, theirs: Intent | Paper) -> None:
    if isinstance(theirs, Paper):
        return
    fits = theirs.tenant_id == contract.tenant_id and theirs.kind == IntentKind.AMENDMENT
    if not fits or Amendment.objects.filter(intent=theirs).exists():
        raise ContractRefusal(_("この契約の変更についての意思表示ではないか、使われています。"))


def _set(contract: Contract, key: str, text: str, by: Amendment) -> None:
    """One value of the amendment; the one that an earlier amendment set ends the day before."""
    mine = Condition.objects.filter(contract=contract, key=key, level=Level.AMENDMENT.value)
    _refuse_later(mine.filter(from_day__gte=by.from_day).exists())
    mine.filter(Q(until_day=None) | Q(until_day__gt=by.from_day)).update(
        until_day=by.from_day, closed_by=by
    )
    Condition.objects.create(
        tenant_id=contract.tenant_id, contract=contract, key=key, value=text,
        level=Level.AMENDMENT.value, source=source_of(by), document_sha256=by.document_sha256,
        from_day=by.from_day, amendment=by,
    )  # fmt: skip


def _license(contract: Contract, change: Change, by: Amendment) -> None:
    lines = LicensedItem.objects.filter(contract=contract)
    _refuse_later(
        lines.filter(item__in=[*change.add, *change.remove], from_day__gte=by.from_day).exists()
    )
    alive = lines.filter(Q(until_day=None) | Q(until_day__gt=by.from_day))
    has = items_of(kinds.on_of(str(contract.kind_id), by.from_day))
    if set(change.add) - has or set(change.add) & set(alive.values_list("item", flat=True)):
        raise ContractRefusal(_("加える契約内容が、すでにあるか、このサービス種別にはありません。"))
    gone = alive.filter(item__in=list(change.remove))
    if gone.count() != len(set(change.remove)):
        raise ContractRefusal(_("外す契約内容が、この契約にありません。"))
    gone.update(until_day=by.from_day, closed_by=by)
    LicensedItem.objects.bulk_create(
        LicensedItem(
            tenant_id=contract.tenant_id, contract=contract, item=one, source=source_of(by),
            document_sha256=by.document_sha256, from_day=by.from_day, amendment=by,
        )
        for one in sorted(set(change.add))
    )  # fmt: skip


def _refuse_later(is_there: bool) -> None:  # noqa: FBT001
    if is_there:
        raise ContractRefusal(_("同じ日か、それより後に、すでに変更契約があります。"))


def _checked(key: str, text: str) -> str:
    """Raises ContractRefusal."""
    try:
        return registry.checked(key, text)
    except BadValue as refusal:
        raise ContractRefusal(str(refusal)) from None
    except UnknownKey:
        raise ContractRefusal(_("知らない条件です: %(key)s") % {"key": key}) from None


def _next_number(letter: str) -> str:
    """`C-000124` after `C-000123`. A number is never given twice: formed contracts stay."""
    with connection.cursor() as cursor:
        # Two who form at the same time get two numbers.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [ADVISORY + letter])
    taken = Contract.objects.filter(number__startswith=f"{letter}-").order_by("-number")
    last = taken.values_list("number", flat=True).first()
    return f"{letter}-{int(last[2:]) + 1 if last else 1:06d}"
