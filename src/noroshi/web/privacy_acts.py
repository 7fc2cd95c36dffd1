"""Who answers for personal data is an act of intent: its exact text, and what it does."""

from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.intents import Refused
from noroshi.tenants.models import Intent, Tenant

FIELDS = ("privacy_name", "privacy_email", "privacy_phone")


def facts_of(tenant: Tenant) -> dict[str, str]:
    """The contact as it stands, by column."""
    return {name: str(getattr(tenant, name)) for name in FIELDS}


def changing(before: dict[str, str], after: dict[str, str]) -> tuple[str, dict[str, object]]:
    """(text, payload) of naming the contact."""
    text = _(
        "個人情報の窓口を、次のとおり定めます。\n"
        "お名前：%(privacy_name)s\nメールアドレス：%(privacy_email)s\n電話：%(privacy_phone)s"
    ) % (after | {"privacy_phone": after["privacy_phone"] or _("なし")})
    return text, {"before": dict(before), "after": dict(after)}


def apply(intent: Intent, by: Actor, now: datetime) -> None:
    """Do what the act says; Refused when somebody named another since the text was shown."""
    tenant = intent.tenant  # whose row the act has locked
    before, after = intent.payload["before"], intent.payload["after"]
    if facts_of(tenant) != before:
        raise Refused(
            "effect", _("窓口は、表示のあとで変更されました。はじめからやり直してください。")
        )
    for name in FIELDS:
        setattr(tenant, name, after[name])
    tenant.save(update_fields=list(FIELDS))
    details = {"before": before, "after": after}
    audit.record(by, "tenant.privacy_contact_changed", tenant, now=now, details=details)
