"""Who is told what, and when: notices beside mails, on the real database."""

from datetime import UTC, datetime, time, timedelta

import pytest

from noroshi.alarms import chasing, gathering
from noroshi.alarms.deeds import Doer, acknowledge
from noroshi.alarms.models import (
    Chase,
    Duty,
    Group,
    Incident,
    Notice,
    Pace,
    Policy,
    Recipient,
    Rule,
)
from noroshi.outbox.models import Message
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import KindSwitch
from tests.alarms.conftest import START, Store, at

NIGHT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)  # 23:00 in Japan
MINUTES_OF_NIGHT = (NIGHT - START).total_seconds() / 60


def policy(store: Store, **values: object) -> Policy:
    return Policy.objects.create(tenant=store.tenant, **values)


def group(store: Store, name: str, after_min: int | None, *people: Recipient) -> Group:
    made = Group.objects.create(
        tenant=store.tenant, name=name, after_min=after_min, created_at=START
    )
    for person in people:
        Duty.objects.create(tenant=store.tenant, group=made, recipient=person)
    return made


def person(store: Store, name: str) -> Recipient:
    return Recipient.objects.create(
        tenant=store.tenant, name=name, address=f"{name}@example.jp", created_at=START
    )


def kinds(address: str = "") -> list[str]:
    found = Message.objects.filter(address=address) if address else Message.objects.all()
    return [one.kind.removeprefix("incident.") for one in found.order_by("pk")]


def states(event: str = "opened") -> set[tuple[str, str, str]]:
    found = Notice.objects.filter(event=event)
    return {(one.name, one.state, one.reason) for one in found}


def test_every_recipient_has_a_notice_that_names_the_mail(store: Store) -> None:
    store.rule()
    store.feed((0, 11))
    for notice in Notice.objects.all():
        assert (notice.state, notice.reason, notice.posted_at) == ("posted", "at_once", at(0))
        mail = Message.objects.get(message_id=notice.message_id)
        assert mail.address == notice.address
    assert Notice.objects.count() == 2


def test_who_is_stopped_gets_no_mail_and_the_notice_says_so(store: Store) -> None:
    Recipient.objects.filter(pk=store.ben.pk).update(is_active=False)
    store.rule()
    store.feed((0, 11))
    assert states() == {("Aki", "posted", "at_once"), ("Ben", "dropped", "stopped")}
    assert kinds("ben@example.jp") == []
    assert "この通知は1名に送りました。" in Message.objects.get().body


def test_a_kind_of_service_without_mails_gets_none(store: Store) -> None:
    KindSwitch.objects.create(
        kind=store.tenant.kind, switch="has_mail", value="no", since=japans_day(at(0)),
        reason="試験", at=at(0),
    )  # fmt: skip
    store.rule()
    assert store.feed((0, 11)).opened == 1
    assert kinds() == []
    assert {one[2] for one in states()} == {"unlicensed"}
    assert Incident.objects.count() == 1


def test_recovery_is_told_to_whom_the_policy_wants(store: Store) -> None:
    policy(store, tells_recovery=False)
    store.rule()
    store.feed((0, 11))
    store.feed((1, 5))
    assert kinds() == ["opened", "opened"]
    assert {one[1:] for one in states("recovered")} == {("dropped", "unwanted")}


def test_a_mail_has_no_link_where_the_policy_wants_none(store: Store) -> None:
    policy(store, has_links=False)
    store.rule()
    store.feed((0, 11))
    assert all("http" not in one.body for one in Message.objects.all())


def test_a_group_that_is_told_at_once_is_told_of_every_alarm_while_on_duty(store: Store) -> None:
    dai, emi = person(store, "dai"), person(store, "emi")
    made = group(store, "当番", 0, dai, store.aki)
    Duty.objects.create(
        tenant=store.tenant, group=made, recipient=emi, begins=time(22), ends=time(6)
    )
    store.rule()
    store.feed((0, 11))
    assert [one[0] for one in sorted(states())] == ["Aki", "Ben", "dai"]


def test_many_alarms_in_a_minute_are_one_mail_that_lists_them(store: Store) -> None:
    for number in range(8):
        store.rule(key=f"k{number}")
    for number in range(8):
        store.feed((number / 20, 11), key=f"k{number}")
    assert kinds("aki@example.jp") == ["opened"] * 5
    assert {one[1:] for one in states()} == {("posted", "at_once"), ("waiting", "gathered")}
    assert gathering.send_due(at(0.4)) == 0
    assert gathering.send_due(at(1)) == 2
    mail = Message.objects.get(kind="incident.gathered", address="aki@example.jp")
    assert mail.subject == "【警報3件】冷蔵庫Aほか 10:01"
    assert mail.body.count("【上限警報】冷蔵庫A") == 3
    assert gathering.send_due(at(9)) == 0
    assert not Notice.objects.filter(state="waiting").exists()


def test_the_end_of_what_is_not_told_yet_goes_with_it(store: Store) -> None:
    policy(store, singles_a_minute=1)
    store.rule(key="a")
    store.rule(key="b")
    store.feed((0, 11), key="a")
    store.feed((0.1, 11), key="b")
    store.feed((0.15, 5), key="b")
    gathering.send_due(at(2))
    assert kinds("aki@example.jp") == ["opened", "gathered"]
    mail = Message.objects.get(kind="incident.gathered", address="aki@example.jp")
    assert "【復帰】" in mail.body
    assert "復帰など: 1件" in mail.body


def test_quiet_hours_end_with_a_digest(store: Store) -> None:
    policy(store, quiet_from=time(22), quiet_until=time(6), quiet_events=["opened", "recovered"])
    Pace.objects.create(recipient=store.ben, tenant=store.tenant, quiet_events=[])
    store.rule()
    store.feed((MINUTES_OF_NIGHT, 11))
    store.feed((MINUTES_OF_NIGHT + 30, 5))
    assert kinds("aki@example.jp") == []
    assert kinds("ben@example.jp") == ["opened", "recovered"]  # wishes to be woken
    assert gathering.send_due(NIGHT + timedelta(hours=6, minutes=59)) == 0
    assert gathering.send_due(NIGHT + timedelta(hours=7)) == 1
    mail = Message.objects.get(address="aki@example.jp")
    assert mail.subject.startswith("【まとめ】復帰1件 冷蔵庫A")
    assert "静かな時間のあいだの警報です。" in mail.body


def test_over_the_hours_limit_a_last_mail_says_so_and_the_rest_comes_later(store: Store) -> None:
    policy(store, singles_a_minute=100, mails_an_hour=3)
    for number in range(6):
        store.rule(key=f"k{number}")
        store.feed((number, 11), key=f"k{number}")
    assert kinds("aki@example.jp") == ["opened"] * 3 + ["paused"]
    last = Message.objects.get(kind="incident.paused", address="aki@example.jp")
    assert last.subject == "【通知を休みます】11:00まで"
    assert gathering.send_due(at(59)) == 0
    assert gathering.send_due(at(60)) == 2
    assert kinds("aki@example.jp")[-1] == "gathered"
    late = Message.objects.get(kind="incident.gathered", address="aki@example.jp")
    assert "発生中: 3件" in late.body


def test_nobody_acknowledges_so_it_is_told_again_and_handed_on(store: Store) -> None:
    policy(store, repeat_every_min=15, repeats_max=2)
    group(store, "班長", 20, person(store, "dai"))
    store.rule()
    store.feed((0, 11))
    assert chasing.chase_due(at(14)) == 0
    assert chasing.chase_due(at(15)) == 1
    assert kinds("aki@example.jp") == ["opened", "repeated"]
    again = Message.objects.get(kind="incident.repeated", address="aki@example.jp")
    assert again.subject.startswith("【再通知1・上限警報】冷蔵庫A")
    assert (
        again.thread_id
        == Message.objects.get(kind="incident.opened", address="aki@example.jp").message_id
    )
    assert chasing.chase_due(at(20)) == 1
    handed = Message.objects.get(address="dai@example.jp")
    assert handed.subject.startswith("【未対応・上限警報】冷蔵庫A")
    assert handed.body.startswith("20分たっても")
    assert chasing.chase_due(at(30)) == 1
    assert kinds("dai@example.jp") == ["escalated", "repeated"]
    assert not Chase.objects.exists()
    store.feed((40, 5))
    assert kinds("dai@example.jp")[-1] == "recovered"


def test_once_somebody_acknowledges_nobody_is_told_again(store: Store) -> None:
    policy(store, repeat_every_min=15)
    store.rule()
    store.feed((0, 11))
    acknowledge(Incident.objects.get(), Doer.by_mail(store.ben), now=at(5))
    assert chasing.chase_due(at(15)) == 1
    assert not Chase.objects.exists()
    assert kinds() == ["opened", "opened"]


def test_a_clock_that_stood_still_makes_up_for_it_with_one_mail(store: Store) -> None:
    policy(store, repeat_every_min=10, repeats_max=5)
    store.rule()
    store.feed((0, 11))
    assert chasing.chase_due(at(44)) == 1
    assert kinds("aki@example.jp") == ["opened", "repeated"]
    assert Chase.objects.get().due_at == at(50)


def test_a_reminder_that_waits_is_dropped_when_somebody_acknowledges(store: Store) -> None:
    policy(
        store, repeat_every_min=60, quiet_from=time(23, 30), quiet_until=time(6),
        quiet_events=["repeated"],
    )  # fmt: skip
    store.rule()
    store.feed((MINUTES_OF_NIGHT, 11))
    chasing.chase_due(NIGHT + timedelta(hours=1))
    assert {one[1:] for one in states("repeated")} == {("waiting", "quiet")}
    acknowledge(Incident.objects.get(), Doer.by_mail(store.ben), now=NIGHT + timedelta(hours=2))
    gathering.send_due(NIGHT + timedelta(hours=8))
    assert {one[1:] for one in states("repeated")} == {("dropped", "looked_after")}
    assert kinds() == ["opened", "opened"]


def test_a_recipient_who_leaves_stays_in_the_ledger(store: Store) -> None:
    store.rule()
    store.feed((0, 11))
    store.ben.delete()
    assert {one[0] for one in states()} == {"Aki", "Ben"}


@pytest.mark.parametrize("days", [400, 401])
def test_notices_are_kept_as_long_as_mails(store: Store, days: int) -> None:
    store.rule()
    store.feed((0, 11))
    assert gathering.prune(at(0) + timedelta(days=days)) == (2 if days > 400 else 0)


def test_of_a_rule_nobody_hears_twice(store: Store) -> None:
    rule: Rule = store.rule()
    rule.recipients.set([store.aki])
    group(store, "当番", 0, store.aki)
    store.feed((0, 11))
    assert kinds() == ["opened"]
