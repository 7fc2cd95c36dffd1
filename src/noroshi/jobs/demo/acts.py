"""The demo's act of intent: who answers for personal data, as its administrator declared it."""

from datetime import datetime, timedelta

from noroshi.tenants.audit import Actor
from noroshi.tenants.chain import text_hash
from noroshi.tenants.intents import Declaration, Proof, declare, propose
from noroshi.tenants.models import Intent, IntentKind, Membership, Tenant

ADMIN = "demo"
CONTACT = {
    "privacy_name": "総務部 個人情報係",
    "privacy_email": "privacy@example.jp",
    "privacy_phone": "054-000-0000",
}
TEXT = (
    "個人情報の窓口を、次のとおり定めます。\n"
    "お名前：総務部 個人情報係\nメールアドレス：privacy@example.jp\n電話：054-000-0000"
)
AGO = timedelta(days=3)


def name_contact(tenant: Tenant, *, now: datetime) -> None:
    """Declare it once; what people change later stays."""
    if Intent.objects.filter(tenant=tenant).exists():
        return
    at = now - AGO
    member = Membership.objects.select_related("user").get(tenant=tenant, user__login=ADMIN)
    before: dict[str, object] = dict.fromkeys(CONTACT, "")
    payload: dict[str, object] = {"before": before, "after": dict(CONTACT)}
    draft = propose(member, IntentKind.PRIVACY_CONTACT, TEXT, payload, now=at)
    declaration = Declaration(
        draft_code=draft.code,
        text_sha256=text_hash(draft.text),
        proof=Proof(member.user_id, "password"),
        address="203.0.113.24",
        agent="Mozilla/5.0 (demo)",
    )
    declare(
        member,
        declaration,
        effects={IntentKind.PRIVACY_CONTACT: _apply},
        tell=_tell_nobody,
        now=at,
    )


def _apply(intent: Intent, _by: Actor, _now: datetime) -> None:
    Tenant.objects.filter(pk=intent.tenant_id).update(**CONTACT)


def _tell_nobody(_intent: Intent) -> None:
    """The demo's people have no mail addresses."""
