"""An answer to the mail of an alarm acknowledges it: by its own recipient, and by nobody else."""

from typing import Any

import pytest

from noroshi.alarms import gathering
from noroshi.alarms.models import Deed, Incident
from noroshi.alarms.replies import own_words, take
from noroshi.outbox import codes, incoming
from noroshi.outbox.incoming import Arrived
from noroshi.outbox.models import Incoming, Message
from noroshi.tenants.models import AuditEntry
from tests.alarms.conftest import Store, at

AKI = "aki@example.jp"


@pytest.fixture(autouse=True)
def domain(settings: Any) -> None:
    settings.RETURN_DOMAIN = "back.example.jp"


@pytest.fixture
def told(store: Store) -> Message:
    """The mail about an open incident, as Aki got it."""
    store.rule()
    store.feed((0, 11.0))
    return Message.objects.get(address=AKI)


def answer(
    message: Message, text: str, *, sender: str = AKI, head: str = "", envelope: str | None = None
) -> Incoming:
    """The answer comes in and is worked off."""
    raw = f"From: Aki <{sender}>\r\nSubject: Re: x\r\n{head}\r\n{text}".encode()
    address = codes.address(codes.ANSWER, message.pk)
    mail = Arrived("192.0.2.7", sender if envelope is None else envelope, address, raw)
    kept = incoming.keep(mail, now=at(5))
    incoming.work_off(at(5), take)
    kept.refresh_from_db()
    return kept


def seen_by() -> list[str]:
    found = Incident.objects.exclude(acknowledged_at=None).order_by("pk")
    return [one.acknowledged_name for one in found]


@pytest.mark.parametrize(
    "text", ["確認", "了解しました。", "ack", "OK!", "", "> 前のメール\r\n> です"]
)
def test_an_answer_of_the_recipient_says_that_it_is_seen(told: Message, text: str) -> None:
    kept = answer(told, text)
    assert (kept.kind, kept.state) == ("reply", "done")
    assert seen_by() == ["Aki"]
    assert Incident.objects.get().acknowledged_at == at(5)
    deed = Deed.objects.get()
    assert (deed.kind, deed.by_mail, deed.text) == ("acknowledged", True, "")
    assert AuditEntry.objects.filter(action="incident.acknowledged").count() == 1


def test_what_else_is_written_stands_in_its_course_once(told: Message) -> None:
    text = "扉を閉めました。\r\n様子を見ます。\r\n\r\n"
    text += "2026年11月22日(日) 10:01 のろし <n@example.jp>:\r\n> 冷蔵庫A"
    answer(told, text, head="Content-Type: text/plain; charset=utf-8\r\n")
    answer(told, text, head="Content-Type: text/plain; charset=utf-8\r\n")
    assert seen_by() == ["Aki"]
    kinds = list(Deed.objects.order_by("pk").values_list("kind", "text"))
    assert kinds == [("acknowledged", ""), ("commented", "扉を閉めました。\n様子を見ます。")]


def test_the_first_one_stands(told: Message) -> None:
    answer(told, "ok")
    ben = Message.objects.get(address="ben@example.jp")
    assert answer(ben, "ok", sender="ben@example.jp").state == "done"
    assert seen_by() == ["Aki"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"sender": "somebody@example.jp"}, "確認"),
        ({"sender": "aki@example.jp>, <ben@example.jp"}, "確認"),
        ({"head": "From: ben@example.jp\r\n"}, "確認"),
        ({}, "このメールは不要です。配信停止してください"),
        ({}, "please stop these mails"),
        ({}, "あ" * 501),
    ],
)
def test_anything_else_is_kept_for_a_person(
    told: Message, fields: dict[str, str], text: str
) -> None:
    head = fields.pop("head", "") + "Content-Type: text/plain; charset=utf-8\r\n"
    kept = answer(told, text, head=head, **fields)
    assert (kept.kind, kept.state) == ("reply", "kept")
    assert seen_by() == []


@pytest.mark.parametrize(
    ("head", "envelope"),
    [
        ("Auto-Submitted: auto-replied\r\n", None),
        ("Precedence: bulk\r\n", None),
        ("List-Id: <a.example.jp>\r\n", None),
        ("", ""),
    ],
)
def test_a_machine_sees_nothing_and_is_never_answered(
    told: Message, head: str, envelope: str | None
) -> None:
    mails = Message.objects.count()
    kept = answer(told, "確認", head=head, envelope=envelope)
    assert kept.kind in {"automatic", "other"}
    assert seen_by() == []
    assert Message.objects.count() == mails


def test_who_is_taken_off_the_list_or_frozen_acknowledges_nothing(
    told: Message, store: Store
) -> None:
    store.tenant.frozen_at = at(1)
    store.tenant.save()
    assert answer(told, "確認").state == "kept"
    store.tenant.frozen_at = None
    store.tenant.save()
    store.aki.delete()
    assert answer(told, "確認").state == "kept"
    assert seen_by() == []


def test_an_answer_to_the_mail_of_a_recovery_only_leaves_its_words(
    told: Message, store: Store
) -> None:
    store.feed((2, 5.0))
    over = Message.objects.get(address=AKI, kind="incident.recovered")
    assert answer(over, "dore wo shimemashita").state == "done"
    assert seen_by() == []
    assert Deed.objects.get().text == "dore wo shimemashita"


def test_an_answer_to_a_gathered_mail_is_about_all_that_it_tells(store: Store) -> None:
    for number in range(7):
        store.rule(key=f"k{number}")
    for number in range(7):
        store.feed((number / 60, 11.0), key=f"k{number}")
    gathering.send_due(at(5))
    mail = Message.objects.get(address=AKI, kind="incident.gathered")
    answer(mail, "確認")
    assert seen_by() == ["Aki"] * 2  # five went by themselves


def test_no_mail_of_another_kind_is_taken(told: Message) -> None:
    Message.objects.update(kind="account.welcome")
    assert answer(told, "確認").state == "kept"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("確認\n\nOn Sun, Nov 22, 2026 at 10:01 AM Noroshi <n@example.jp> wrote:\n> x", "確認"),
        ("見ました\n-----Original Message-----\nFrom: x", "見ました"),
        ("見ました\n\n差出人: のろし\n件名: x", "見ました"),
        ("行きます\n\niPhoneから送信\n\n> x", "行きます"),
        ("Going\n\nSent from my iPhone", "Going"),
        ("了解\n-- \n山田", "了解"),
        ("一\n> 古い\n二", "一\n二"),
        ("＞ 引用だけ", ""),
        ("22日に直します", "22日に直します"),
    ],
)
def test_only_the_person_s_own_words_count(text: str, wanted: str) -> None:
    assert own_words(text) == wanted


def test_the_mail_says_that_one_may_answer_where_answers_come_in(
    store: Store, settings: Any
) -> None:
    store.rule()
    store.feed((0, 11.0))
    assert "「確認」と返信しても記録できます。" in Message.objects.get(address=AKI).body
    settings.RETURN_DOMAIN = ""
    store.feed((2, 5.0))
    Message.objects.all().delete()
    store.feed((4, 11.0))
    assert "返信" not in Message.objects.get(address=AKI).body
