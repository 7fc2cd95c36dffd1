"""Acts of intent: show the exact text, ask who it is again, write the act into the chain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.chain import GENESIS, Link, check_payload, hash_of, text_hash
from noroshi.tenants.models import (
    Enrolment,
    Intent,
    IntentDraft,
    IntentKind,
    Membership,
    Tenant,
    User,
)

OPEN_FOR = timedelta(minutes=30)
DRAFTS_KEPT = timedelta(days=7)
DELETED_MAX = 5_000
METHODS = frozenset({"password", "passkey"})
AGENT_CHARS_MAX = 300


class Refused(Exception):
    """The act is not done; the message is for the person, `reason` for the door.

    Reasons: `authority`, `unproven`, `unknown`, `done`, `expired`, `changed`, `effect`.
    """

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Proof:
    """Who proved just now to be that person, and how (`password` or `passkey`).

    Made by a door, right after it looked at the proof.
    """

    user_id: int
    method: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """What came back from the page that showed the text.

    Attributes:
        draft_code: the one-time code of what was shown.
        text_sha256: of the text that was shown, as the page sent it back.
        address: internet address of the person; None = not known.
        agent: what the browser calls itself.
    """

    draft_code: str
    text_sha256: str
    proof: Proof
    address: str | None
    agent: str


Effect = Callable[[Intent, Actor, datetime], None]
Effects = Mapping[str, Effect]  # by kind; an upper room does what an act of this kind says


def propose(
    member: Membership, kind: str, text: str, payload: dict[str, object], *, now: datetime
) -> IntentDraft:
    """Keep the exact text that is about to be shown; good once, for OPEN_FOR.

    Raises Refused for somebody without contract authority, BadPayload for floats in the payload,
    ValueError for a kind that is not of the closed list or an empty text.
    """
    if kind not in IntentKind.values or not text.strip():
        raise ValueError(f"not an act of intent: {kind!r}")
    check_payload(payload)
    if not may_declare(member):
        raise _no_authority()
    return IntentDraft.objects.create(
        tenant_id=member.tenant_id,
        user_id=member.user_id,
        kind=kind,
        text=text,
        payload=payload,
        shown_at=now,
        expires_at=now + OPEN_FOR,
    )


@transaction.atomic
def declare(
    member: Membership,
    declaration: Declaration,
    *,
    effects: Effects,
    tell: Callable[[Intent], None],
    now: datetime,
) -> Intent:
    """Write the act into its tenant's chain, do what it says, and tell; all or nothing.

    Acts of one tenant wait for each other, so the chain has no fork, and a second click finds the
    first one done. `effects[kind]` runs after the link is written, `tell` last (the copies).

    Raises Refused, and whatever the effect raises; nothing is kept then. KeyError for a kind that
    `effects` does not know.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=member.tenant_id)
    fresh = (
        Membership.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .filter(pk=member.pk, tenant=tenant)
        .first()
    )
    proof = declaration.proof
    if fresh is None or tenant.frozen_at is not None or not may_declare(fresh):
        raise _no_authority()
    if proof.user_id != fresh.user_id or proof.method not in METHODS:
        raise Refused("unproven", _("ご本人の確認ができませんでした。もう一度お試しください。"))
    draft = _take(declaration, fresh, now)
    intent = _append(draft, fresh, declaration, now)
    actor = Actor(fresh.user, tenant)
    details = {"number": intent.number, "act": intent.kind, "hash": intent.hash}
    audit.record(actor, "intent.declared", intent.get_kind_display(), now=now, details=details)
    effects[intent.kind](intent, actor, now)
    tell(intent)
    return intent


def may_declare(member: Membership) -> bool:
    """Whether this person binds the contractor: named with contract authority, in person, active.

    Nobody who looks in from outside does: auditors, the office, subcontractors.
    """
    user = member.user
    is_person = user.kind == User.Kind.PERSON and user.state == User.State.ACTIVE
    return member.has_authority and member.stopped_at is None and is_person


def with_authority(tenant_id: int) -> list[str]:
    """The names of those who may, for somebody who may not and wonders whom to ask."""
    found = Membership.objects.filter(
        tenant=tenant_id,
        has_authority=True,
        stopped_at=None,
        user__kind=User.Kind.PERSON,
        user__state=User.State.ACTIVE,
    )
    return list(found.order_by("user__name", "pk").values_list("user__name", flat=True))


def draft_of(member: Membership, code: str) -> IntentDraft | None:
    """What this person was shown under this code; None for anybody else's."""
    mine = IntentDraft.objects.filter(tenant=member.tenant_id, user=member.user_id)
    return mine.filter(code=code).first()


def declared_from(draft: IntentDraft) -> Intent | None:
    """The act that was made of a draft."""
    return Intent.objects.filter(tenant=draft.tenant_id, draft_code=draft.code).first()


def prune_drafts(now: datetime) -> int:
    """Delete what was shown and is long over; the text of a done act stands in its link."""
    old = IntentDraft.objects.filter(expires_at__lt=now - DRAFTS_KEPT)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:DELETED_MAX])
    return IntentDraft.objects.filter(pk__in=ids).delete()[0]


def _take(declaration: Declaration, member: Membership, now: datetime) -> IntentDraft:
    """The draft, used up."""
    draft = (
        IntentDraft.objects.select_for_update()
        .filter(code=declaration.draft_code, tenant=member.tenant_id, user=member.user_id)
        .first()
    )
    if draft is None:
        raise Refused("unknown", _("このお手続きは見つかりません。はじめからやり直してください。"))
    if draft.done_at is not None:
        raise Refused("done", _("このお手続きは、もう受け付けました。"))
    if draft.expires_at <= now:
        raise Refused(
            "expired", _("30分を過ぎたので、受け付けられません。はじめからやり直してください。")
        )
    if declaration.text_sha256 != text_hash(draft.text):
        raise Refused(
            "changed",
            _("表示した内容と送られた内容が違います。はじめからやり直してください。"),
        )
    draft.done_at = now
    draft.save(update_fields=["done_at"])
    return draft


def _append(
    draft: IntentDraft, member: Membership, declaration: Declaration, now: datetime
) -> Intent:
    """The next link of the chain; the caller holds the tenant's row."""
    last = Intent.objects.filter(tenant=draft.tenant_id).order_by("-number").first()
    register = Enrolment.objects.filter(membership=member, ended_at=None).first()
    intent = Intent(
        tenant_id=draft.tenant_id,
        number=last.number + 1 if last else 1,
        draft_code=draft.code,
        kind=draft.kind,
        text=draft.text,
        text_sha256=text_hash(draft.text),
        payload=draft.payload,
        user=member.user,
        user_login=member.user.login,
        user_name=member.user.name,
        enrolment_code=register.code if register else "",
        method=declaration.proof.method,
        at=now,
        address=declaration.address,
        agent=printable(declaration.agent),
        previous=last.hash if last else GENESIS,
    )
    intent.hash = hash_of(link_of(intent))
    intent.save(force_insert=True)
    return intent


def link_of(intent: Intent) -> Link:
    """The row as the chain hashes it."""
    return Link(
        previous=intent.previous,
        tenant_id=intent.tenant_id,
        number=intent.number,
        code=intent.code,
        draft_code=intent.draft_code,
        kind=intent.kind,
        text=intent.text,
        text_sha256=intent.text_sha256,
        payload=intent.payload,
        user_id=intent.user_id,
        user_login=intent.user_login,
        user_name=intent.user_name,
        enrolment_code=intent.enrolment_code,
        method=intent.method,
        at=intent.at,
        address=intent.address,
        agent=intent.agent,
    )


def printable(agent: str) -> str:
    """What a browser calls itself, without characters that nobody prints, cut to its column."""
    return "".join(letter for letter in agent if letter.isprintable())[:AGENT_CHARS_MAX]


def _no_authority() -> Refused:
    return Refused("authority", _("このお手続きは、契約権限のある利用者だけができます。"))
