"""Devices that fall silent: by their own rhythm, once, and not because the house was down."""

from datetime import timedelta
from uuid import uuid4

import pytest

from noroshi.alarms import awake as stretches
from noroshi.alarms import overdue
from noroshi.alarms.models import Awake, Incident, Rhythm, Rule, RuleState
from noroshi.alarms.watch import Watched, watch
from noroshi.devices.models import Heartbeat
from noroshi.outbox.models import Message
from noroshi.readings import closing
from noroshi.readings.models import StoredUplink
from tests.alarms.conftest import Store, at
from tests.alarms.test_watch_kinds import beat

HOUR = 60  # the type's interval; three of them and ten minutes are patience
DUE = 3 * HOUR + 10


def silence(store: Store, **options: object) -> Rule:
    """A rule on the device's silence."""
    return store.rule(key="", kind="silence", upper=None, options=options)


def heard(store: Store, minutes: float) -> None:
    """The device was heard then."""
    fields = {"tenant": store.tenant, "sent_at": at(minutes), "received_at": at(minutes)}
    Heartbeat.objects.update_or_create(device=store.device, defaults=fields)


def tell(*minutes: float) -> list[int]:
    """What each turn of the clock tells."""
    return [overdue.tell(at(one), is_awake=True) for one in minutes]


def awake(*minutes: float) -> None:
    """The house is up from the first until the last of these, one turn a minute."""
    for begin, end in zip(minutes[::2], minutes[1::2], strict=True):
        Awake.objects.create(since=at(begin), until=at(end))


def test_a_silent_device_is_told_once_when_it_is_due(store: Store) -> None:
    silence(store)
    heard(store, 0)
    awake(0, DUE - 1)
    assert tell(DUE, DUE + 0.3, DUE + 1, DUE + 2) == [0, 1, 0, 0]
    incident = Incident.objects.get()
    assert (incident.kind, incident.side, incident.since) == ("silence", "gone", at(0))
    assert incident.limit == DUE * 60
    mail = Message.objects.get(language="ja")
    assert mail.subject == "【応答なし】冷蔵庫A 13:10"
    assert "最後の受信: 11月22日(日) 10:00" in mail.body


def test_the_next_uplink_ends_the_silence(store: Store) -> None:
    silence(store)
    heard(store, 0)
    awake(0, DUE)
    tell(DUE + 1)
    assert watch([], now=at(DUE + 5), beats=[beat(store, DUE + 5)]) == Watched(0, 1)
    heard(store, DUE + 5)
    assert tell(DUE + 6) == [0]


def test_a_device_that_was_never_heard_is_unknown_and_not_silent(store: Store) -> None:
    silence(store)
    awake(0, 10_000)
    assert tell(10_001) == [0]
    assert not RuleState.objects.exists()


@pytest.mark.parametrize(
    ("options", "own_s", "learned_s", "due"),
    [
        ({}, None, None, DUE),
        ({"intervals": 1}, None, None, HOUR + 10),
        ({"after_s": 1800}, None, None, 30),
        ({}, None, 600, 40),  # its own uplinks say more than its type
        ({}, 1200, 600, 70),  # and a person knows best
    ],
)
def test_the_patience_is_of_the_device(
    store: Store, options: dict[str, object], own_s: int | None, learned_s: int | None, due: int
) -> None:
    silence(store, **options)
    store.device.interval_s = own_s
    store.device.save()
    if learned_s:
        fields = {"tenant": store.tenant, "interval_s": learned_s, "learned_at": at(0)}
        Rhythm.objects.create(device=store.device, uplinks=50, **fields)
    heard(store, 0)
    awake(0, due - 1)
    assert tell(due, due + 0.1) == [0, 1]


def test_our_own_outage_extends_every_deadline_by_its_length(store: Store) -> None:
    silence(store)
    heard(store, 0)
    awake(-600, 60, 120, DUE)  # away for an hour
    assert tell(DUE + 1, DUE + 1.5) == [0, 0]
    awake_on = [overdue.tell(at(DUE + 2 + n), is_awake=True) for n in range(60)]
    assert sum(awake_on) == 1
    assert Incident.objects.get().opened_at == at(DUE + 61)


def test_while_the_house_hears_nothing_nobody_is_silent(store: Store) -> None:
    silence(store)
    heard(store, 0)
    awake(0, 60)
    assert [overdue.tell(at(n), is_awake=False) for n in (DUE + 1, 900)] == [0, 0]
    assert tell(901, 902) == [0, 0]  # it was away since minute 60


def test_a_late_answer_between_question_and_lock_counts(store: Store) -> None:
    rule = silence(store)
    heard(store, 0)
    stale = [overdue.Overdue(rule.pk, at(0), at(DUE))]
    heard(store, DUE)
    assert overdue._judge(stale, at(DUE + 1)) == Watched(0, 0)


@pytest.mark.parametrize(
    ("missing", "value", "opened", "left_open"),
    [
        ("alarm", 5.0, 1, 1),
        ("alarm", 11.0, 0, 1),
        ("normal", 11.0, 1, 0),
        ("normal", 5.0, 0, 0),
    ],
)
def test_missing_data_mean_what_the_rule_says(
    store: Store, missing: str, value: float, opened: int, left_open: int
) -> None:
    store.rule(more={"missing": missing})
    store.feed((0, value))
    mails = Message.objects.count()
    heard(store, 0)
    awake(0, DUE)
    assert tell(DUE + 1, DUE + 2) == [opened, 0]
    assert Incident.objects.open_().count() == left_open
    told = Message.objects.count() - mails
    assert told == (2 if missing == "alarm" and value < 10 else 0)  # two recipients
    if missing == "alarm":
        assert store.feed((DUE + 9, 5.0)) == Watched(0, 1)


def test_a_rule_that_keeps_what_was_is_left_alone(store: Store) -> None:
    store.rule()
    store.feed((0, 11.0))
    heard(store, 0)
    awake(0, 10_000)
    assert tell(10_001) == [0]
    assert Incident.objects.open_().count() == 1


def test_a_rhythm_is_learned_from_the_uplinks_of_the_device(store: Store) -> None:
    silence(store)
    closing.make_partitions(at(0))
    assert overdue.learn(at(0)) == 1
    assert Rhythm.objects.get().interval_s is None  # it was never heard
    rows = [*range(0, 400, 10), 41, 42]  # every ten minutes, and a burst
    for minutes in rows:
        StoredUplink.objects.create(
            device=store.device, tenant=store.tenant, sent_at=at(minutes), message=uuid4(),
            entry_key=uuid4(), received_at=at(minutes), processed_at=at(minutes), event="up",
            payload=b"",
        )  # fmt: skip
    assert overdue.learn(at(400)) == 0  # once a day
    assert overdue.learn(at(25 * 60)) == 1
    assert Rhythm.objects.get().interval_s == 600


def test_when_the_house_was_up_is_forgotten_after_a_year(store: Store) -> None:
    awake(0, 1)
    assert stretches.prune(at(0) + timedelta(days=399)) == 0
    assert stretches.prune(at(0) + timedelta(days=401)) == 1
