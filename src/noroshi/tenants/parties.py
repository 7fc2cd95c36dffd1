"""Make and change parties: what a party must be, who may become what, and whose name may change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import audit, numbers
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Agent, Membership, Paper, Party, Tenant

Standing = Party.Standing
# Who may become what; a contractor never becomes an applicant again.
STEPS: Mapping[str, frozenset[str]] = {
    Standing.APPLICANT: frozenset({Standing.CONTRACTOR, Standing.FORMER, Standing.PARTNER}),
    Standing.CONTRACTOR: frozenset({Standing.FORMER}),
    Standing.FORMER: frozenset({Standing.CONTRACTOR, Standing.APPLICANT}),
    Standing.PARTNER: frozenset({Standing.APPLICANT, Standing.CONTRACTOR}),
}
REASON_CHARS_MAX = 500


class BadParty(ValueError):
    """What was typed cannot be kept; `faults` says why, field by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        """Keep every fault at once: (name of the field, words for the person who typed it)."""
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)


class NotAllowed(ValueError):
    """The terms forbid the step; the message is for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """Everything of a party that people type."""

    kind: str
    name: str
    kana: str = ""
    corporate_number: str = ""
    postcode: str = ""
    municipality_code: str = ""
    address: str = ""
    representative: str = ""
    contact_name: str = ""
    contact_email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """Why a contracting party's name may change: the reason, and a paper that proves it."""

    reason: str = ""
    paper: Paper | None = None


NO_CORRECTION = Correction()


@transaction.atomic
def make(facts: PartyFacts, standing: str, *, by: Actor, now: datetime) -> Party:
    """Enter a party as applicant or partner; raises BadParty with every fault."""
    if standing not in {Standing.APPLICANT, Standing.PARTNER}:
        raise NotAllowed(_("新しい取引先は、申込者か代理店・委託先として登録します。"))
    known = checked(facts, None)
    party = Party.objects.create(**fields_of(known), standing=standing, made_at=now)
    details = {"standing": standing, "corporate_number": known.corporate_number}
    audit.record(by, "party.made", party, now=now, details=details)
    return party


@transaction.atomic
def change(
    party: Party,
    facts: PartyFacts,
    correction: Correction = NO_CORRECTION,
    *,
    by: Actor,
    now: datetime,
) -> Party:
    """Write changed facts; raises BadParty, also for what would be another contracting party.

    The contract cannot be handed on by editing a name (terms, article 16): of a contracting party,
    name and kind change only while the corporate number stays the same, or with a paper.
    """
    old = Party.objects.select_for_update().get(pk=party.pk)
    known = checked(facts, old)
    refuse_another(old, known, correction)
    before, after = fields_of(facts_of(old)), fields_of(known)
    if before == after:
        return old
    for name, value in after.items():
        setattr(old, name, value)
    old.save(update_fields=list(after))
    changed = [name for name, value in after.items() if before[name] != value]
    told = {name: after[name] for name in changed}
    if correction.reason or correction.paper:
        told |= {"reason": correction.reason, "paper": str(correction.paper or "")}
    details = {"before": {name: before[name] for name in changed}, "after": told}
    audit.record(of_party(by, old), "party.changed", old, now=now, details=details)
    return old


@transaction.atomic
def change_standing(party: Party, to: str, reason: str, *, by: Actor, now: datetime) -> Party:
    """Let a party become something else, by an act of the provider with a reason.

    Raises NotAllowed: without a reason, for a step that does not exist, and for a party that would
    lose the standing while people still act for its tenant.
    """
    found = Party.objects.select_for_update().get(pk=party.pk)
    why = reason.strip()[:REASON_CHARS_MAX]
    if not why:
        raise NotAllowed(_("理由を書いてください。"))
    if to not in STEPS[found.standing]:
        raise NotAllowed(_("この立場には変えられません。"))
    if to != Standing.CONTRACTOR and has_people(found):
        raise NotAllowed(_("利用者がいるあいだは変えられません。先に利用者を止めてください。"))
    details = {"before": {"standing": found.standing}, "after": {"standing": to, "reason": why}}
    found.standing = to
    found.save(update_fields=["standing"])
    audit.record(of_party(by, found), "party.standing_changed", found, now=now, details=details)
    return found


@transaction.atomic
def link(tenant: Tenant, party: Party, *, by: Actor, now: datetime) -> None:
    """Say which party a tenant is; raises NotAllowed.

    Only a contractor's tenant may have people; a tenant stays with its party for good.
    """
    found = Party.objects.select_for_update().get(pk=party.pk)
    held = Tenant.objects.select_for_update().get(pk=tenant.pk)
    if held.party_id is not None:
        raise NotAllowed(_("この契約者には、もう取引先が結び付いています。"))
    if Tenant.objects.filter(party=found).exists():
        raise NotAllowed(_("この取引先は、もう別の契約者に結び付いています。"))
    if found.standing == Standing.PARTNER:
        raise NotAllowed(_("代理店・委託先は契約者に結び付けられません。"))
    if found.standing != Standing.CONTRACTOR and people_of(held):
        raise NotAllowed(_("利用者のいる契約者には、立場が「契約者」の取引先だけを結び付けます。"))
    held.party = found
    held.save(update_fields=["party"])
    audit.record(Actor(by.user, held), "tenant.party_linked", found, now=now)


@transaction.atomic
def name_agent(party: Party, since: date, until: date | None, *, by: Actor, now: datetime) -> Agent:
    """Enter a party in the register of agents (代理店), or change its dates; raises NotAllowed."""
    if until is not None and until < since:
        raise NotAllowed(_("終了日は開始日より後にしてください。"))
    agent, is_new = Agent.objects.update_or_create(
        party=party, defaults={"since": since, "until": until}
    )
    details = {"since": since.isoformat(), "until": until.isoformat() if until else ""}
    action = "agent.named" if is_new else "agent.changed"
    audit.record(of_party(by, party), action, party, now=now, details=details)
    return agent


def checked(facts: PartyFacts, party: Party | None) -> PartyFacts:
    """The facts with their numbers made plain; raises BadParty with every fault at once."""
    faults: dict[str, str] = {}
    plain = {name: value.strip() for name, value in fields_of(facts).items()}
    if facts.kind not in Party.Kind.values:
        faults["kind"] = _("事業者の種類を選んでください。個人（消費者）は登録できません。")
    if not plain["name"]:
        faults["name"] = _("名称を書いてください。")
    for field, (read, words) in _numbers().items():
        try:
            plain[field] = read(plain[field]) if plain[field] else ""
        except numbers.NotSuchANumber:
            faults[field] = words
    number = plain["corporate_number"]
    if number and "corporate_number" not in faults:
        faults |= faults_of_number(facts.kind, number, party)
    if faults:
        raise BadParty(faults)
    return replace(facts, **plain)


def faults_of_number(kind: str, number: str, party: Party | None) -> dict[str, str]:
    """What is wrong with a corporate number that is one."""
    if kind == Party.Kind.SOLE:
        return {"corporate_number": _("個人事業主に法人番号はありません。空欄にしてください。")}
    if is_taken(number, party):
        return {"corporate_number": _("この法人番号の取引先はすでにあります。")}
    return {}


def refuse_another(old: Party, new: PartyFacts, correction: Correction) -> None:
    """Raise BadParty when the contract would belong to somebody else afterwards."""
    if old.standing not in {Standing.CONTRACTOR, Standing.FORMER}:
        return
    is_proved = correction.paper is not None and bool(correction.reason.strip())
    is_same_number = bool(old.corporate_number) and old.corporate_number == new.corporate_number
    faults = {}
    if old.corporate_number and not is_same_number:
        faults["corporate_number"] = _(
            "契約者の法人番号は変えられません。合併や承継は「承継の申出」で受け付けます。"
        )
    for field in ("name", "kind"):
        if getattr(old, field) != getattr(new, field) and not (is_same_number or is_proved):
            faults[field] = _(
                "契約者の名義は、法人番号が同じときか、証明の書類と理由があるときだけ直せます。"
            )
    if faults:
        raise BadParty(faults)


def is_taken(number: str, but: Party | None) -> bool:
    """Whether another party has this corporate number."""
    others = Party.objects.filter(corporate_number=number)
    return (others.exclude(pk=but.pk) if but else others).exists()


def has_people(party: Party) -> bool:
    """Whether anybody acts for the party's tenant."""
    return Membership.objects.filter(tenant__party=party, stopped_at=None).exists()


def people_of(tenant: Tenant) -> bool:
    """Whether anybody acts for the tenant."""
    return Membership.objects.filter(tenant=tenant, stopped_at=None).exists()


def free_for_tenants() -> QuerySet[Party]:
    """The parties that a tenant can still be linked to, by name."""
    standings = [Standing.CONTRACTOR, Standing.APPLICANT]
    return Party.objects.filter(tenant=None, standing__in=standings).order_by("name", "pk")


def may_have_people(tenant: Tenant) -> bool:
    """Whether sign-ins may be issued: a tenant whose party is only an applicant has none."""
    return tenant.party is None or tenant.party.standing == Standing.CONTRACTOR


def of_party(by: Actor, party: Party) -> Actor:
    """The same person, acting in the affairs of the party's tenant where it has one."""
    return Actor(by.user, Tenant.objects.filter(party=party).first())


def facts_of(party: Party) -> PartyFacts:
    """A party as people typed it."""
    return PartyFacts(**{name: getattr(party, name) for name in PartyFacts.__dataclass_fields__})


def fields_of(facts: PartyFacts) -> dict[str, str]:
    """Name of the field → what was typed."""
    return {name: getattr(facts, name) for name in PartyFacts.__dataclass_fields__}


def _numbers() -> dict[str, tuple[Callable[[str], str], str]]:
    """Field → (how it is made plain, what to say when it cannot be)."""
    return {
        "corporate_number": (
            numbers.corporate_number,
            _("法人番号を確かめてください（13桁。検査用の数字が合いません）。"),
        ),
        "postcode": (numbers.postcode, _("郵便番号は7桁です（例: 460-0008）。")),
        "municipality_code": (
            numbers.municipality_code,
            _("市区町村コードを確かめてください（6桁。検査用の数字が合いません）。"),
        ),
        "phone": (numbers.phone, _("電話番号を確かめてください（例: 052-123-4567）。")),
    }
