"""The register of subcontractors (terms, article 15): works, agreements, and their people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Paper, Party, Subcontractor
from noroshi.tenants.parties import BadParty, of_party

TIERS = range(1, 6)
COUNTRY_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the register: `country` two letters, `until` the last day or None."""

    works: Sequence[str]
    tier: int
    country: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement with its day and the paper that shows it."""

    agreed_on: date
    paper: Paper


@transaction.atomic
def enter(party: Party, entry: Entry, *, by: Actor, now: datetime) -> Subcontractor:
    """Enter a party, or change its line; raises BadParty with every fault."""
    faults = faults_of(entry)
    if faults:
        raise BadParty(faults)
    fields = {
        "works": sorted(entry.works),
        "tier": entry.tier,
        "country": entry.country.upper(),
        "since": entry.since,
        "until": entry.until,
    }
    made, is_new = Subcontractor.objects.update_or_create(party=party, defaults=fields)
    action = "subcontractor.entered" if is_new else "subcontractor.changed"
    details = {name: str(value or "") for name, value in fields.items() if name != "works"}
    details["works"] = ", ".join(sorted(entry.works))
    audit.record(of_party(by, party), action, party, now=now, details=details)
    return made


@transaction.atomic
def file_agreements(
    firm: Subcontractor,
    *,
    secrecy: Agreement | None,
    privacy: Agreement | None,
    by: Actor,
    now: datetime,
) -> None:
    """Write the day and the paper of the secrecy and of the personal-data agreement."""
    details: dict[str, str] = {}
    if secrecy is not None:
        firm.secrecy_agreed_on, firm.secrecy_paper = secrecy.agreed_on, secrecy.paper
        details["secrecy"] = f"{secrecy.agreed_on} {secrecy.paper.sha256}"
    if privacy is not None:
        firm.privacy_agreed_on, firm.privacy_paper = privacy.agreed_on, privacy.paper
        details["privacy"] = f"{privacy.agreed_on} {privacy.paper.sha256}"
    firm.save()
    audit.record(by, "subcontractor.agreed", firm, now=now, details=details)


def missing_of(firm: Subcontractor, today: date) -> list[str]:
    """What stands between the firm and any access, in words; empty = nothing."""
    missing = []
    if firm.secrecy_agreed_on is None or firm.secrecy_paper_id is None:
        missing.append(_("秘密保持契約（日付と書類）"))
    elif firm.secrecy_agreed_on > today:
        missing.append(_("秘密保持契約（まだ始まっていません）"))
    if firm.privacy_agreed_on is None or firm.privacy_paper_id is None:
        missing.append(_("個人情報の取扱契約（日付と書類）"))
    elif firm.privacy_agreed_on > today:
        missing.append(_("個人情報の取扱契約（まだ始まっていません）"))
    if firm.since > today or (firm.until is not None and firm.until < today):
        missing.append(_("委託の期間"))
    return missing


def faults_of(entry: Entry) -> dict[str, str]:
    """Field → what is wrong with it."""
    faults = {}
    if not entry.works or not set(entry.works) <= set(Subcontractor.WORKS):
        faults["works"] = _("委託する業務を選んでください。")
    if entry.tier not in TIERS:
        faults["tier"] = _("1（直接）から5までの数字にしてください。")
    country = entry.country
    if len(country) != COUNTRY_LETTERS or not (country.isascii() and country.isalpha()):
        faults["country"] = _("国は2文字の記号で書いてください（例: JP）。")
    if entry.until is not None and entry.until < entry.since:
        faults["until"] = _("終了日は開始日より後にしてください。")
    return faults
