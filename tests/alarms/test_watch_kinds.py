"""Rules of every kind in the spine's batches: what is remembered, when they ring, the mails."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from noroshi.alarms.models import Incident, Rule, RuleState
from noroshi.alarms.watch import Watched, watch
from noroshi.devices.heartbeats import Beat
from noroshi.outbox.models import Message
from noroshi.readings.store import Kept, Point
from tests.alarms.conftest import Reading, Store, at

RATE = {"kind": "rate", "upper": None, "options": {"by": 5.0, "within_s": 600, "direction": "up"}}


def beat(store: Store, minutes: float, counter: int = 0, rssi: float = -100.0) -> Beat:
    """A sign of life of the device."""
    return Beat(store.device.pk, store.tenant.pk, at(minutes), at(minutes), counter, rssi, 5.0, 1)


def points(store: Store, told: Sequence[tuple[float, str, Any]]) -> list[Kept]:
    """Readings (minutes, key, value) of any kind."""
    kinds: dict[type, str] = {str: "text", dict: "position"}
    return [
        Kept(
            Point(
                store.tenant.pk, store.device.pk, key, kinds.get(type(value), "number"),
                at(minutes), value,
            ),
            1,
            is_late=False,
        )
        for minutes, key, value in told
    ]  # fmt: skip


def test_a_window_reaches_over_batches(store: Store) -> None:
    store.rule(**RATE)
    assert [store.feed(one) for one in ((0, 10.0), (5, 12.0))] == [Watched(0, 0)] * 2
    assert store.feed((9, 15.0)) == Watched(1, 0)
    incident = Incident.objects.get()
    assert (incident.kind, incident.opened_value, incident.limit) == ("rate", 5.0, 5.0)
    assert store.feed((30, 15.0)) == Watched(0, 1)


def test_rules_of_other_kinds_cost_the_same_queries_however_long_the_batch(store: Store) -> None:
    store.rule(**RATE)

    def queries(count: int, begin: float) -> int:
        kept = store.kept([(begin + n / 10, 10.0) for n in range(count)])
        with CaptureQueriesContext(connection) as asked:
            watch(kept, now=at(begin + count))
        return len(asked)

    assert queries(2, 0) == queries(200, 10)


def test_a_text_a_position_and_a_pair_are_judged(store: Store) -> None:
    store.rule(key="status", kind="equals", upper=None, options={"value": "FULL"})
    home = {"lat": 35.0, "lng": 137.0, "radius_m": 100.0}
    store.rule(key="location", kind="leaves", upper=None, options=home)
    store.rule(kind="difference", upper=None, options={"other": "outside", "upper": 3.0})
    assert watch(
        points(store, [(0, "status", "FULL"), (0, "location", {"lat": 35.1, "lng": 137.0}),
                       (0, "temperature", 9.0), (0, "outside", 4.0)]),
        now=at(0),
    ) == Watched(3, 0)  # fmt: skip
    assert watch(
        points(store, [(1, "status", "OK"), (1, "location", {"lat": 35.0, "lng": 137.0}),
                       (1, "outside", 8.0)]),
        now=at(1),
    ) == Watched(0, 3)  # fmt: skip


def test_lost_uplinks_and_a_weak_link_are_told_by_signs_of_life(store: Store) -> None:
    store.rule(key="", kind="lost", upper=None, options={"count": 3, "of": 10})
    store.rule(key="", kind="link", upper=None, options={"what": "rssi", "below": -120, "of": 2})
    assert watch([], now=at(0), beats=[beat(store, 0, 1), beat(store, 1, 2)]) == Watched(0, 0)
    assert watch([], now=at(2), beats=[beat(store, 2, 6, -130)]) == Watched(1, 0)
    assert watch([], now=at(3), beats=[beat(store, 3, 7, -130)]) == Watched(1, 0)
    assert set(Incident.objects.values_list("kind", "worst_value")) == {
        ("lost", 3.0), ("link", -130.0)
    }  # fmt: skip


def test_a_silence_that_is_told_ends_with_the_next_uplink(store: Store) -> None:
    rule = store.rule(key="", kind="silence", upper=None, options={"intervals": 3})
    heard = [beat(store, 0)]
    assert watch([], now=at(0), beats=heard) == Watched(0, 0)
    assert not RuleState.objects.exists()  # who is heard and was, costs nothing
    RuleState.objects.create(rule=rule, phase="alarm", side="gone", since=at(200))
    Incident.objects.create(
        tenant=store.tenant, device=store.device, rule=rule, kind="silence", key="", side="gone",
        limit=1.0, since=at(0), opened_at=at(200), opened_value=1.0, worst_value=1.0,
    )  # fmt: skip
    assert watch([], now=at(240), beats=[beat(store, 240)]) == Watched(0, 1)
    assert Incident.objects.get().closed_value == timedelta(minutes=240).total_seconds()
    body = Message.objects.filter(kind="incident.recovered", language="ja").get().body
    assert "また届くようになりました" in body


def test_a_limit_with_hours_rings_in_them_only(store: Store) -> None:
    store.rule(more={"hours": {"begin_min": 22 * 60, "end_min": 6 * 60}})
    assert store.feed((0, 11.0)) == Watched(0, 0)  # ten in the morning
    assert store.feed((13 * 60, 11.0)) == Watched(1, 0)
    assert store.feed((13 * 60 + 1, 9.0)) == Watched(0, 1)


def test_a_reading_that_says_nothing_yet_worsens_nothing(store: Store) -> None:
    store.rule(kind="forecast", upper=None, options={"days": 30})
    day = 24 * 60
    store.feed(*[(number * day, 30.0 - number) for number in range(8)])
    store.feed((7 * day + 5, 22.0))
    assert Incident.objects.get().worst_value == pytest.approx(24.0)


def test_a_heat_sum_is_told_once_and_never_recovers_by_mail(store: Store) -> None:
    heat = {"target": 20.0, "since": "2026-11-22"}
    store.rule(kind="heat", upper=None, options=heat)
    day = 24 * 60
    for number in range(5):
        store.feed((number * day, 15.0))
    assert Incident.objects.get().closed_at is not None
    assert set(Message.objects.values_list("kind", flat=True)) == {"incident.opened"}


def test_the_mail_says_the_condition_in_words(store: Store) -> None:
    store.rule(**RATE)
    store.feed((0, 10.0), (9, 15.2))
    mail = Message.objects.get(language="ja")
    assert mail.subject == "【警報】冷蔵庫A 温度 +5.2℃ 10:09"
    assert "温度が 10分で 5.0℃ 以上 上がったため、お知らせします。" in mail.body


@pytest.mark.parametrize("seed", range(4))
def test_batches_in_any_order_within_and_late_ones_between_change_nothing(
    store: Store, seed: int
) -> None:
    """What came in order is judged; what came late is stored, and judged by nobody."""
    draw = random.Random(seed)
    store.rule(**RATE)
    store.rule(kind="count", upper=None, options={"count": 2, "of": 3, "upper": 14.0})
    store.rule(upper=13.0, hold_s=120, margin=1.0)
    readings: list[Reading] = [(n, draw.uniform(8, 18)) for n in range(40)]
    for begin in range(0, 40, 8):
        batch = readings[begin : begin + 8]
        draw.shuffle(batch)
        store.feed(*batch)
        store.feed((begin - 0.5, 99.0), is_late=True)
    shuffled = told(store)
    Rule.objects.all().delete()
    Incident.objects.all().delete()
    store.rule(**RATE)
    store.rule(kind="count", upper=None, options={"count": 2, "of": 3, "upper": 14.0})
    store.rule(upper=13.0, hold_s=120, margin=1.0)
    for one in readings:
        store.feed(one)
    assert told(store) == shuffled


def told(store: Store) -> list[tuple[object, ...]]:
    """The incidents without their names."""
    rows = Incident.objects.order_by("kind", "opened_at")
    return list(rows.values_list("kind", "side", "since", "opened_at", "opened_value", "closed_at"))


def test_the_columns_say_to_the_spine_what_the_model_says_to_the_house(store: Store) -> None:
    for fields in ({}, RATE, {"more": {"missing": "alarm"}}):
        rule = store.rule(**fields)
        with connection.cursor() as cursor:
            cursor.execute("SELECT is_plain FROM alarms_rule WHERE id = %s", [rule.pk])
            assert cursor.fetchone() == (rule.is_plain,)
