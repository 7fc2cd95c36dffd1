"""Acts of intent: who may, what is shown is what is kept, once; the chain grows by one."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from noroshi.base.roles import APP, PIPELINE
from noroshi.tenants import intents
from noroshi.tenants.chain import GENESIS, BadPayload, Link, canonical, hash_of, text_hash
from noroshi.tenants.intents import Proof, Refused, declare, propose, prune_drafts
from noroshi.tenants.models import (
    AuditEntry,
    Enrolment,
    Intent,
    IntentDraft,
    IntentKind,
    Membership,
    User,
)
from tests.acting import become
from tests.committed import transactional_db
from tests.tenants.deeds import NO_EFFECTS, NOW, act, answer, contractor, forging, shown

__all__ = ["transactional_db"]

KNOWN_HASH = "e5040eabab09af4cf82897edb72f6b3db7daf7fc8f65822958c8c4ae4cfe9751"


def refused(member: Membership, draft: IntentDraft, **other: Any) -> str:
    """The reason the act is refused for."""
    now = other.pop("now", NOW)
    with pytest.raises(Refused) as caught:
        declare(
            member, answer(draft, member, **other), effects=NO_EFFECTS,
            tell=lambda _: None, now=now,
        )  # fmt: skip
    assert str(caught.value)
    return caught.value.reason


def test_an_act_is_kept_with_everything_that_proves_it(db: None) -> None:
    member = contractor()
    line = Enrolment.objects.create(
        tenant=member.tenant, name="あき", affiliation="employee", role="admin",
        has_authority=True, named_at=NOW, membership=member,
    )  # fmt: skip
    told: list[Intent] = []
    done: list[tuple[str, str]] = []
    draft = shown(member)
    intent = declare(
        member,
        answer(draft, member),
        effects={IntentKind.RECIPIENTS: lambda i, by, _: done.append((i.text, str(by.user)))},
        tell=told.append,
        now=NOW,
    )
    kept = Intent.objects.get()
    assert kept.text == draft.text
    assert kept.text_sha256 == text_hash(draft.text)
    assert (kept.number, kept.previous, kept.hash) == (1, GENESIS, intent.hash)
    assert (kept.user_login, kept.user_name) == ("aki", "髙﨑 あき")
    assert (kept.enrolment_code, kept.method) == (line.code, "password")
    assert (kept.at, kept.address, kept.agent) == (NOW, "2001:db8::7", "Mozilla/5.0 (テスト)")
    assert kept.payload == draft.payload
    assert done == [(draft.text, "髙﨑 あき")]
    assert told == [intent]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details["hash"]) == ("intent.declared", kept.hash)
    assert hash_of(intents.link_of(kept)) == kept.hash


def test_each_act_follows_the_one_before_and_chains_do_not_mix(db: None) -> None:
    one, two = contractor(), contractor("other", "ben")
    first, strange, second = act(one), act(two), act(one)
    assert second.previous == first.hash
    assert (first.number, second.number, strange.number) == (1, 2, 1)
    assert strange.previous == GENESIS


@pytest.mark.parametrize("kind", IntentKind.values)
def test_every_kind_of_the_closed_list_can_be_declared(db: None, kind: str) -> None:
    member = contractor()
    draft = propose(member, kind, "規約に同意します。", {}, now=NOW)
    declare(member, answer(draft, member), effects=NO_EFFECTS, tell=lambda _: None, now=NOW)
    assert Intent.objects.get().kind == kind


def test_a_kind_outside_the_list_is_refused_by_the_engine(db: None) -> None:
    with pytest.raises(ValueError, match="not an act"):
        propose(contractor(), "gift", "全部差し上げます。", {}, now=NOW)


def test_a_changed_text_is_refused_and_nothing_is_kept(db: None) -> None:
    member = contractor()
    draft = shown(member)
    assert refused(member, draft, text_sha256=text_hash(draft.text + "。")) == "changed"
    assert not Intent.objects.exists()
    assert IntentDraft.objects.get().done_at is None


def test_half_an_hour_later_is_too_late(db: None) -> None:
    member = contractor()
    draft = shown(member)
    late = NOW + timedelta(minutes=30)
    assert refused(member, draft, now=late) == "expired"
    declare(
        member, answer(draft, member), effects=NO_EFFECTS, tell=lambda _: None,
        now=late - timedelta(microseconds=1),
    )  # fmt: skip


def test_a_second_submit_is_refused(db: None) -> None:
    member = contractor()
    draft = shown(member)
    declare(member, answer(draft, member), effects=NO_EFFECTS, tell=lambda _: None, now=NOW)
    assert refused(member, draft) == "done"
    assert Intent.objects.count() == 1


def test_a_colleague_with_authority_cannot_finish_what_somebody_else_was_shown(db: None) -> None:
    member = contractor()
    user = User.objects.create_user("ben", "x", name="Ben")
    colleague = Membership.objects.create(
        tenant=member.tenant, user=user, role="admin", has_authority=True
    )
    assert refused(colleague, shown(member)) == "unknown"


@pytest.mark.parametrize(
    "fields",
    [
        {"has_authority": False},
        {"stopped_at": NOW},
        {"user__state": "frozen", "user__is_active": False},
        {"user__state": "initial"},
        {"user__kind": "audit"},
        {"user__kind": "staff", "user__staff_roles": ["admin"]},
        {"tenant__frozen_at": NOW},
    ],
)
def test_who_lost_the_right_since_the_text_was_shown_is_refused(
    db: None, fields: dict[str, Any]
) -> None:
    member = contractor()
    draft = shown(member)
    for path, value in fields.items():
        owner, _, name = path.rpartition("__")
        row = getattr(member, owner) if owner else member
        type(row).objects.filter(pk=row.pk).update(**{name: value}) if owner != "user" else None
    users = {path[6:]: value for path, value in fields.items() if path.startswith("user__")}
    if users:
        User.objects.filter(pk=member.user_id).update(**users)
    assert refused(member, draft) == "authority"
    assert not Intent.objects.exists()


def test_without_authority_nothing_is_even_shown(db: None) -> None:
    member = contractor()
    member.has_authority = False
    with pytest.raises(Refused):
        shown(member)


def test_the_proof_must_be_of_that_person_and_of_a_known_way(db: None) -> None:
    member = contractor()
    draft = shown(member)
    assert refused(member, draft, proof=Proof(member.user_id + 1, "password")) == "unproven"
    assert refused(member, draft, proof=Proof(member.user_id, "token")) == "unproven"


def test_an_effect_that_fails_takes_the_act_back(db: None) -> None:
    member = contractor()
    draft = shown(member)

    def fail(*_: object) -> None:
        raise Refused("effect", "だれかが先に変えました。")

    with pytest.raises(Refused):
        declare(
            member, answer(draft, member), effects={IntentKind.RECIPIENTS: fail},
            tell=lambda _: None, now=NOW,
        )  # fmt: skip
    assert not Intent.objects.exists()
    assert not AuditEntry.objects.exists()
    assert IntentDraft.objects.get().done_at is None


def test_a_payload_with_a_float_is_refused_because_it_has_two_spellings(db: None) -> None:
    with pytest.raises(BadPayload):
        propose(contractor(), IntentKind.RENEWAL, "更新します。", {"a": [{"b": 1.5}]}, now=NOW)


def test_two_parallel_submits_make_one_act(transactional_db: None) -> None:
    member = contractor()
    draft = shown(member)
    start = threading.Barrier(4)
    ends: list[str] = []

    def submit() -> None:
        start.wait()
        try:
            declare(member, answer(draft, member), effects=NO_EFFECTS, tell=lambda _: None, now=NOW)
            ends.append("kept")
        except Refused as refusal:
            ends.append(refusal.reason)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(ends) == ["done", "done", "done", "kept"]
    assert Intent.objects.count() == 1


def test_parallel_acts_of_one_contractor_stand_in_one_row(transactional_db: None) -> None:
    member = contractor()
    drafts = [shown(member, f"更新 {number}") for number in range(6)]

    def submit(draft: IntentDraft) -> None:
        declare(member, answer(draft, member), effects=NO_EFFECTS, tell=lambda _: None, now=NOW)
        connection.close()

    threads = [threading.Thread(target=submit, args=[draft]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    chain = list(Intent.objects.order_by("number"))
    assert [intent.number for intent in chain] == [1, 2, 3, 4, 5, 6]
    assert [intent.previous for intent in chain[1:]] == [intent.hash for intent in chain[:-1]]


def test_drafts_go_a_week_after_they_ended(db: None) -> None:
    shown(contractor())
    assert prune_drafts(NOW + timedelta(days=7)) == 0
    assert prune_drafts(NOW + timedelta(days=7, minutes=31)) == 1


CHANGES = ("UPDATE {} SET id = id", "TRUNCATE {}")
GROWING = ("intent", "ledgeranchor", "auditentry", "visitview", "signin")
REFUSED = [(role, name, verb) for role in (APP, PIPELINE) for name in GROWING for verb in CHANGES]
REFUSED += [(APP, name, "DELETE FROM {}") for name in GROWING]
REFUSED += [(PIPELINE, name, "DELETE FROM {}") for name in ("intent", "ledgeranchor")]


@pytest.mark.parametrize(("role", "table", "verb"), REFUSED)
def test_no_program_can_change_what_only_grows(db: None, role: str, table: str, verb: str) -> None:
    become(role)
    try:
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(verb.format(f"tenants_{table}"))
    finally:
        become(PIPELINE)


def test_the_owner_of_the_tables_cannot_change_an_act_either(db: None) -> None:
    act(contractor())
    with forging() as cursor:
        cursor.execute("ALTER TABLE tenants_intent ENABLE TRIGGER append_only")
        for verb in ("UPDATE tenants_intent SET text = 'x'", "DELETE FROM tenants_intent"):
            with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
                cursor.execute(verb)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(first=st.tuples(TEXTS, TEXTS, TEXTS), second=st.tuples(TEXTS, TEXTS, TEXTS))
def test_two_different_acts_never_have_the_same_bytes(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> None:
    def link(words: tuple[str, str, str]) -> Link:
        return Link(
            GENESIS, 1, 1, "c", "d", "renewal", words[0], text_hash(words[0]), {words[1]: 1}, 1,
            "aki", words[2], "", "password", NOW, None, "",
        )  # fmt: skip

    assert (canonical(link(first)) == canonical(link(second))) == (first == second)


def test_the_bytes_of_an_act_are_those_the_decision_records() -> None:
    link = Link(
        GENESIS, 7, 1, "c0de", "dra1t", "renewal", "更新します。", text_hash("更新します。"),
        {"b": [1, None], "a": "あ"}, 3, "aki", "あき", "e1", "password", NOW, "2001:DB8:0::7", "UA",
    )  # fmt: skip
    assert hash_of(link) == KNOWN_HASH
