"""Why a mail came or not: one true reason for each case."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from noroshi.alarms import gathering
from noroshi.alarms.actions import remove_recipient
from noroshi.alarms.models import (
    Incident,
    Notice,
    Outage,
    OutageNotice,
    OutageTenant,
    Recipient,
    Rule,
)
from noroshi.alarms.why import Cause, notices_of, why
from noroshi.outbox.models import Message
from noroshi.readings.models import StoredUplink
from noroshi.ui.whywords import sentence, story_of
from tests.alarms.conftest import Store, at


def said(store: Store, person: Recipient, minutes: float = 0) -> str:
    return sentence(why(store.device, person, at(minutes)))


def uplink(store: Store, minutes: float, *, is_late: bool = False) -> StoredUplink:
    return StoredUplink.objects.create(
        device=store.device, sent_at=at(minutes), message=f"{int(minutes):032x}",
        tenant=store.tenant, entry_key=f"{int(minutes):032x}", received_at=at(minutes),
        processed_at=at(minutes), event="up", payload=b"", is_late=is_late,
    )  # fmt: skip


def deliver(when: datetime) -> None:
    Message.objects.update(state="sent", sent_at=when)


def test_a_mail_that_a_server_took_is_said_to_be_taken(store: Store) -> None:
    store.rule()
    store.feed((0, 11))
    assert "送信を待っています" in said(store, store.aki)
    deliver(at(0) + timedelta(seconds=2))
    assert "相手のメールサーバーが受け取りました（2026/11/22(日) 10:00:02）" in said(
        store, store.aki
    )


def test_a_mail_that_was_given_up_says_what_the_server_answered(store: Store) -> None:
    store.rule()
    store.feed((0, 11))
    Message.objects.update(state="given_up", last_answer="550 no such mailbox")
    assert said(store, store.aki) == "送信中止：550 no such mailbox"


def test_a_gathered_mail_waits_and_is_found_in_the_ledger(store: Store) -> None:
    for number in range(7):
        store.rule(key=f"k{number}")
    for number in range(7):
        store.feed((number / 60, 11), key=f"k{number}")
    assert "一通にまとめる" in said(store, store.aki)
    gathering.send_due(at(5))
    deliver(at(5))
    assert "受け取りました" in said(store, store.aki, 5)


def test_what_waits_for_somebody_who_is_removed_is_told_to_nobody(store: Store) -> None:
    for number in range(7):
        store.rule(key=f"k{number}")
        store.feed((number / 60, 11), key=f"k{number}")
    address, waited = store.aki.address, Notice.objects.filter(state="waiting")
    assert waited.filter(address=address).exists()
    remove_recipient(store.aki, by=store.actor, now=at(1))
    gathering.send_due(at(5))
    assert not waited.filter(address=address).exists()
    dropped = Notice.objects.filter(address=address, state="dropped")
    assert set(dropped.values_list("recipient", "reason")) == {(None, "removed")}
    told = Message.objects.filter(created_at=at(5))
    assert set(told.values_list("address", flat=True)) == {store.ben.address}


def test_who_is_stopped_reads_it(store: Store) -> None:
    Recipient.objects.filter(pk=store.ben.pk).update(is_active=False)
    store.rule()
    store.feed((0, 11))
    assert said(store, store.ben) == "送っていません：この通知先への通知が止めてある。"


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda _store: None, Cause.NO_RULE),
        (lambda store: store.rule(is_active=False), Cause.RULES_REST),
        (lambda store: store.rule(), Cause.NOTHING_HEARD),
        (lambda store: (store.rule(), uplink(store, 1, is_late=True)), Cause.LATE),
        (lambda store: (store.rule(), uplink(store, 1)), Cause.WITHIN_LIMITS),
        (
            lambda store: (store.rule(hold_s=600), store.feed((1, 11)), uplink(store, 1)),
            Cause.NOT_LONG_ENOUGH,
        ),
        (
            lambda store: (store.rule().recipients.set([store.ben]), uplink(store, 1)),
            Cause.NOT_IN_RULES,
        ),
    ],
)
def test_without_an_alarm_the_reason_lies_before_it(
    store: Store, make: Callable[[Store], object], cause: Cause
) -> None:
    make(store)
    answer = why(store.device, store.aki, at(0))
    assert (answer.cause, answer.told) == (cause, ())
    assert sentence(answer)


def test_an_alarm_of_others_is_no_mail_to_this_one(store: Store) -> None:
    rule: Rule = store.rule()
    rule.recipients.set([store.ben])
    store.feed((0, 11))
    assert why(store.device, store.aki, at(0)).cause == Cause.NOT_AMONG_THEM


def test_who_came_later_was_not_told(store: Store) -> None:
    store.rule()
    store.feed((0, 11))
    late = Recipient.objects.create(
        tenant=store.tenant, name="Late", address="late@example.jp", created_at=at(5)
    )
    assert why(store.device, late, at(6)).cause == Cause.CAME_LATER


def test_an_alarm_that_goes_on_was_told_when_it_began(store: Store) -> None:
    store.rule()
    store.feed((0, 11))
    answer = why(store.device, store.aki, at(600))
    assert answer.cause == Cause.TOLD
    assert answer.told[0].notice.decided_at == at(0)


def test_each_step_of_an_incident_has_its_time(store: Store) -> None:
    store.rule()
    store.feed((0, 11))
    deliver(at(0) + timedelta(seconds=1))
    store.feed((5, 5))
    incident = Incident.objects.get()
    stories = [story_of(one) for one in notices_of(incident)]
    assert [one.event for one in stories] == ["警報の発生"] * 2 + ["警報の復帰"] * 2
    assert [line.at for line in stories[0].lines] == [
        at(0), at(0), at(0) + timedelta(seconds=1),
    ]  # fmt: skip


def test_in_an_outage_of_the_network_the_answer_is_the_outage(
    store: Store, stranger: Callable[[], Recipient]
) -> None:
    store.rule(key="", kind="silence", upper=None)
    assert why(store.device, store.aki, at(30)).cause == Cause.NOTHING_HEARD
    for tenant in (store.tenant, stranger().tenant):
        outage = Outage.objects.create(
            space=f"generic{tenant.pk}"[-10:],
            began_at=at(0),
            noticed_at=at(26),
            known=20,
            silent=20,
        )
        OutageTenant.objects.create(
            outage=outage, tenant=tenant, space=store.device.space, began_at=at(0), silent=9
        )
    OutageNotice.objects.create(
        outage=OutageTenant.objects.get(tenant=store.tenant).outage, tenant=store.tenant,
        recipient=store.aki, name="Aki", address="aki@example.jp", event="begun",
        decided_at=at(26), state="dropped", reason="unlicensed",
    )  # fmt: skip
    answer = why(store.device, store.aki, at(600))
    assert answer.cause == Cause.IN_OUTAGE
    assert sentence(answer).startswith("回線の障害の間でした")
    story = story_of(answer.told[0])
    assert (story.event, len(answer.told)) == ("回線の障害", 1)
    assert story.outcome == "送っていません：契約にメールの通知がない。"
    assert why(store.device, store.aki, at(-61)).cause == Cause.NOTHING_HEARD  # before it began
    uplink(store, 590)
    assert why(store.device, store.aki, at(600)).cause == Cause.WITHIN_LIMITS
