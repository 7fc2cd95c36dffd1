"""A contractor whose Aki may bind it, and quick acts of intent for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from noroshi.base.roles import PIPELINE
from noroshi.tenants.chain import text_hash
from noroshi.tenants.intents import Declaration, Proof, declare, propose
from noroshi.tenants.models import Intent, IntentDraft, IntentKind, Membership, Tenant, User
from tests.acting import become

NOW = datetime(2026, 11, 22, 1, 15, 30, 123456, tzinfo=UTC)
TABLES = (
    "intent", "ledgeranchor", "intentdraft", "tenant", "user", "membership", "enrolment",
    "auditentry",
)  # fmt: skip
NO_EFFECTS = dict.fromkeys(IntentKind.values, lambda *_: None)


def contractor(code: str = "store", login: str = "aki") -> Membership:
    """A tenant and its administrator with contract authority."""
    tenant = Tenant.objects.create(name="米野木青果", code=code, created_at=NOW)
    user = User.objects.create_user(login, "beacon fire on the hill", name="髙﨑 あき")
    return Membership.objects.create(
        tenant=tenant, user=user, role=Membership.Role.ADMIN, has_authority=True
    )


def shown(member: Membership, text: str = "通知先に「工場長」を追加します。") -> IntentDraft:
    """A text put before the member."""
    payload: dict[str, object] = {"do": "add", "name": "工場長", "numbers": [1, None, True]}
    return propose(member, IntentKind.RECIPIENTS, text, payload, now=NOW)


def answer(draft: IntentDraft, member: Membership, **other: Any) -> Declaration:
    """What the page sends back after the right password."""
    plain: dict[str, Any] = {
        "draft_code": draft.code,
        "text_sha256": text_hash(draft.text),
        "proof": Proof(member.user_id, "password"),
        "address": "2001:db8::7",
        "agent": "Mozilla/5.0 (テスト)",
    }
    return Declaration(**(plain | other))


def act(member: Membership, text: str = "通知先に「工場長」を追加します。") -> Intent:
    """One act without effect or copy."""
    draft = shown(member, text)
    return declare(member, answer(draft, member), effects=NO_EFFECTS, tell=lambda _: None, now=NOW)


class TakenBack(Exception):
    """What was forged is undone."""


@contextmanager
def forging() -> Iterator[Any]:
    """A cursor of somebody with all power over the tables: walls and triggers are down.

    Whatever was done is taken back at the end.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET ROLE NONE")
            for table in TABLES:
                cursor.execute(f"ALTER TABLE tenants_{table} NO FORCE ROW LEVEL SECURITY")
            for table in ("intent", "ledgeranchor"):
                cursor.execute(f"ALTER TABLE tenants_{table} DISABLE TRIGGER append_only")
            yield cursor
            raise TakenBack
    except TakenBack:
        pass
    finally:
        become(PIPELINE)
