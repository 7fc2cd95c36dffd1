"""The contract as it was: canonical JSON at formation and at each amendment, and the PDF of it."""

import hashlib
import json
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import formats, translation
from django.utils.translation import gettext as _

from noroshi.base import papers
from noroshi.contracts import registry
from noroshi.contracts.effective import all_effective
from noroshi.contracts.items import Item
from noroshi.contracts.models import Amendment, Contract, LicensedItem, Snapshot
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Party

TEMPLATE = Path(__file__).parent / "papers" / "contract.typ"
PDF, JSON = "application/pdf", "application/json"
FORMAT = 1  # of the JSON
PAPERS_MAX = 50  # set in one go
DAY = timedelta(days=1)
JST = ZoneInfo("Asia/Tokyo")


@transaction.atomic
def take(contract: Contract, amendment: Amendment | None, *, now: datetime) -> Snapshot:
    """Keep what is in force: at formation on the first day, else on the amendment's day."""
    day = amendment.from_day if amendment else contract.from_day
    body = json.dumps(
        facts_of(contract, amendment), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return Snapshot.objects.create(
        tenant_id=contract.tenant_id,
        contract=contract,
        amendment=amendment,
        on_day=day,
        at=now,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
    )


def take_missing(now: datetime) -> int:
    """What an update made into contracts gets its snapshot, everything its PDF; how many."""
    bare = Contract.objects.filter(state=Contract.State.FORMED, snapshots=None)
    made = [take(one, None, now=now) for one in bare.order_by("pk")[:PAPERS_MAX]]
    return len(made) + set_papers()


def set_papers() -> int:
    """Set the PDF of every snapshot that has none yet, PAPERS_MAX at most; how many."""
    waiting = Snapshot.objects.filter(pdf=None).order_by("pk")[:PAPERS_MAX]
    for one in waiting:
        pdf = paper(one)
        one.pdf, one.pdf_sha256 = pdf, hashlib.sha256(pdf).hexdigest()
        one.save(update_fields=["pdf", "pdf_sha256"])
    return len(waiting)


def paper_of(snapshot: Snapshot) -> bytes:
    """The PDF as it is kept; within its first minute, the same set from the JSON."""
    return bytes(snapshot.pdf) if snapshot.pdf is not None else paper(snapshot)


def file_name(snapshot: Snapshot, number: str, ending: str) -> str:
    """What a file is called: W-000123-2026-11-22.pdf."""
    return f"{number}-{snapshot.on_day}.{ending}"


def facts_of(contract: Contract, amendment: Amendment | None) -> dict[str, Any]:
    """Everything that the snapshot says; days are calendar days in Japan, `last_day` included."""
    day = amendment.from_day if amendment else contract.from_day
    held = LicensedItem.objects.filter(contract=contract, from_day__lte=day)
    items = [one for one in held if one.until_day is None or day < one.until_day]
    return {
        "format": FORMAT,
        "number": contract.number,
        "kind": contract.kind_id,
        "formed_at": _instant(contract.formed_at),
        "first_day": contract.from_day.isoformat(),
        "last_day": (contract.until_day - DAY).isoformat() if contract.until_day else None,
        "on_day": day.isoformat(),
        "contractor": _party(contract.party or contract.tenant.party, contract.tenant.name),
        "agent": _party(contract.agent.party, "") if contract.agent else None,
        "conditions": [
            {
                "key": one.key,
                "value": one.text,
                "level": one.level.value,
                "source": one.source,
                "since": one.since.isoformat() if one.since else None,
                "document_sha256": one.document_sha256,
            }
            for one in _in_japanese(contract, amendment)
        ],
        "items": sorted(one.item for one in items),
        "amendment": _amendment(amendment),
    }


def paper(snapshot: Snapshot) -> bytes:
    """The PDF of the JSON, in Japanese; equal JSON gives equal bytes. Raises papers.PaperError."""
    with translation.override("ja"):
        return papers.render(TEMPLATE, words_of(snapshot))


def _in_japanese(contract: Contract, amendment: Amendment | None) -> list[Any]:
    with translation.override("ja"):
        return all_effective(contract, amendment.from_day if amendment else contract.from_day)


def words_of(snapshot: Snapshot) -> dict[str, object]:
    """What stands on the paper, days and times of Japan, in the language in force."""
    told = json.loads(snapshot.body)
    changed = told["amendment"]
    return {
        "made_at": snapshot.at,
        "language": "ja",
        "provider": parseaddr(settings.MAIL_FROM)[0] or "Noroshi",
        "number": told["number"],
        "kind": told["kind"],
        "contractor": told["contractor"]["name"],
        "address": told["contractor"]["address"] or "—",
        "agent": told["agent"]["name"] if told["agent"] else "—",
        "formed_at": _moment_said(told["formed_at"]) if told["formed_at"] else "—",
        "period": " 〜 ".join(
            [
                _day_said(told["first_day"]),
                _day_said(told["last_day"]) if told["last_day"] else _("期限なし"),
            ]
        ),
        "on_day": _day_said(told["on_day"]),
        "conditions": [_condition(one) for one in told["conditions"]],
        "items": [str(Item(one).label) for one in told["items"]],
        "amendment": [] if changed is None else _steps(changed),
        "sha256": snapshot.sha256,
        "without_accounts": told["kind"] == registry.WANA,
    }


def _condition(one: dict[str, str]) -> list[str]:
    label = str(registry.key_of(one["key"]).label)
    return [label, registry.said(one["key"], one["value"]), one["source"]]


def _steps(changed: dict[str, Any]) -> list[list[str]]:
    by = changed["contractors_act"]
    return [
        [_("変更契約"), _("第%(n)s号") % {"n": changed["number"]}],
        [_("変更日"), _day_said(changed["from_day"])],
        [_("理由"), changed["reason"]],
        [_("提供者の同意"), f"{changed['agreed_by']} {_moment_said(changed['at'])}"],
        [_("契約者の同意"), f"{by['what']} {by['sha256']}"],
    ]


def _amendment(amendment: Amendment | None) -> dict[str, Any] | None:
    if amendment is None:
        return None
    what = f"intent {amendment.intent.number}" if amendment.intent else "paper"
    return {
        "number": amendment.number,
        "from_day": amendment.from_day.isoformat(),
        "reason": amendment.reason,
        "agreed_by": amendment.agreed_by.name,
        "at": _instant(amendment.at),
        "contractors_act": {"what": what, "sha256": amendment.document_sha256},
    }


def _party(party: Party | None, name: str) -> dict[str, str]:
    if party is None:
        return {"name": name, "address": "", "corporate_number": ""}
    return {
        "name": party.name,
        "address": party.address,
        "corporate_number": party.corporate_number,
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _day_said(text: str) -> str:
    return formats.date_format(date.fromisoformat(text), "DATE_FORMAT")


def _moment_said(text: str) -> str:
    return formats.date_format(datetime.fromisoformat(text).astimezone(JST), "DATETIME_FORMAT")


def day_words(at: datetime) -> str:
    """A calendar day in Japan, in the language in force."""
    return formats.date_format(japans_day(at), "DATE_FORMAT")
