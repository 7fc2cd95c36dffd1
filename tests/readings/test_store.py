"""What a batch brings is stored once, merged, in order, and marked late where it is."""

import json
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from noroshi.base.wire import json_bytes, plain_text
from noroshi.readings import chart
from noroshi.readings.models import Latest, LooseReading, Reading, Series, StoredUplink
from noroshi.readings.store import Point, keep_points
from noroshi.readings.uplinks import NewUplink, keep_uplinks
from tests.readings.conftest import Field, at, values_of


def uplink(field: Field, **other: object) -> NewUplink:
    """An uplink as the first callback told it."""
    plain: dict[str, object] = {
        "device_id": field.device.pk, "sent_at": at(0), "message": UUID(int=7),
        "tenant_id": field.tenant.pk, "entry_key": UUID(int=8), "received_at": at(1),
        "processed_at": at(1), "event": "UPLINK", "f_port": None, "counter": 12,
        "payload": b"\x01", "rssi_dbm": None, "snr_db": None, "gateways": 0, "link": {},
        "data": {"level": 3.2}, "codec_version_id": None, "problem": "", "is_late": False,
    }  # fmt: skip
    return NewUplink(**(plain | other))  # type: ignore[arg-type]


def test_points_come_back_in_their_order_with_their_series(field: Field) -> None:
    kept = keep_points(
        [
            field.point(0, 3.2),
            field.point(0, 1, "door", "boolean"),
            field.point(0, "ok", "state", "text"),
            field.point(0, {"lat": 35.1, "lng": 139.2}, "place", "position"),
            field.point(5, 3, "level"),
        ]
    )
    assert [one.point.key for one in kept] == ["level", "door", "state", "place", "level"]
    assert kept[0].series_id == kept[4].series_id
    assert len({one.series_id for one in kept}) == 4
    assert Series.objects.count() == 4
    assert sorted(Reading.objects.values_list("at", "value")) == [
        (at(0), 1.0), (at(0), 3.2), (at(5), 3.0),
    ]  # fmt: skip
    assert LooseReading.objects.get(series_id=kept[2].series_id).value == "ok"
    assert LooseReading.objects.get(series_id=kept[3].series_id).value["lat"] == 35.1


def test_the_last_of_equal_times_wins_in_a_batch_and_between_batches(field: Field) -> None:
    series = field.keep((0, 1.0), (0, 2.0))
    assert Reading.objects.get(series_id=series).value == 2.0
    field.keep((0, 3.0))
    assert Reading.objects.get(series_id=series).value == 3.0
    assert Latest.objects.get(series_id=series).value == 3.0


def test_newer_numbers_that_somebody_else_stored_meanwhile_take_their_place(field: Field) -> None:
    series = field.keep((0, 1.0))
    Reading.objects.create(series_id=series, at=at(5), value=2.0)  # its latest is not yet told
    field.keep((5, 3.0), (6, 4.0))
    assert sorted(Reading.objects.values_list("at", "value")) == [
        (at(0), 1.0), (at(5), 3.0), (at(6), 4.0),
    ]  # fmt: skip
    assert Latest.objects.get(series_id=series).value == 4.0


def test_what_is_older_than_the_newest_before_its_batch_is_late(field: Field) -> None:
    first = keep_points([field.point(10, 1.0), field.point(0, 2.0)])
    assert values_of(first) == [(1.0, False), (2.0, False)]
    second = keep_points([field.point(5, 3.0), field.point(20, 4.0), field.point(15, 5.0)])
    assert values_of(second) == [(3.0, True), (4.0, False), (5.0, False)]
    again = keep_points([field.point(20, 4.0)])
    assert values_of(again) == [(4.0, False)]


def test_the_latest_value_is_the_newest_not_the_last_to_come(field: Field) -> None:
    series = field.keep((10, 1.0), (20, 2.0), (15, 3.0))
    field.keep((5, 9.0))
    latest = Latest.objects.get(series_id=series)
    assert (latest.at, latest.value, latest.device_id) == (at(20), 2.0, field.device.pk)


def test_a_series_that_was_rolled_back_is_made_again(field: Field) -> None:
    with transaction.atomic():
        lost = field.keep((0, 1.0))
        transaction.set_rollback(True)
    series = field.keep((0, 1.0))
    assert series != lost
    assert Series.objects.get().pk == series
    assert Reading.objects.get().series_id == series


def test_a_series_that_another_program_deleted_is_made_again(field: Field) -> None:
    gone = field.keep((0, 1.0))
    Series.objects.all().delete()
    series = field.keep((-5, 2.0))
    assert series != gone
    assert chart.latest([field.device.pk])[field.device.pk][0].value == 2.0


def test_a_device_that_is_gone_is_an_error_of_the_database(field: Field) -> None:
    with transaction.atomic():
        keep_points([Point(field.tenant.pk, 999_999_999, "level", "number", at(0), 1.0)])
        with pytest.raises(IntegrityError):
            connection.check_constraints()
        transaction.set_rollback(True)


def test_an_empty_batch_is_nothing(field: Field) -> None:
    assert keep_points([]) == []
    assert keep_uplinks([]) == []


def test_two_callbacks_about_one_message_meet_in_one_row(field: Field) -> None:
    first = uplink(field)
    assert keep_uplinks([first]) == [first]
    advanced = uplink(
        field, event="DATA_ADVANCED", counter=None, payload=b"", rssi_dbm=-120.5, snr_db=9,
        gateways=3, link={"quality": "GOOD"}, data={},
    )  # fmt: skip
    assert keep_uplinks([advanced]) == []
    row = StoredUplink.objects.get()
    assert (row.event, row.counter, bytes(row.payload)) == ("UPLINK", 12, b"\x01")
    assert (row.rssi_dbm, row.snr_db, row.gateways) == (-120.5, 9.0, 3)
    assert (row.link, row.data) == ({"quality": "GOOD"}, {"level": 3.2})


def test_tellings_of_one_batch_are_merged_like_those_of_two(field: Field) -> None:
    tellings = [
        uplink(field, data={}, payload=b"", problem="no codec"),
        uplink(field, rssi_dbm=-90.0, link={"a": 1}, data={}, problem="other"),
        uplink(field, snr_db=3.5, link={"a": 2, "b": 3}, f_port=4, gateways=2),
    ]
    keep_uplinks(tellings)
    together = StoredUplink.objects.values().get()
    StoredUplink.objects.all().delete()
    for telling in tellings:
        keep_uplinks([telling])
    apart = StoredUplink.objects.values().get()
    assert {name: bytes(v) if name == "payload" else v for name, v in together.items()} == {
        name: bytes(v) if name == "payload" else v for name, v in apart.items()
    }
    assert (apart["problem"], apart["link"], apart["f_port"]) == ("", {"a": 1, "b": 3}, 4)


def test_a_replay_after_a_mended_codec_clears_the_problem(field: Field) -> None:
    keep_uplinks([uplink(field, data={}, problem="codec failed", codec_version_id=1)])
    keep_uplinks([uplink(field, codec_version_id=2)])
    row = StoredUplink.objects.get()
    assert (row.problem, row.data, row.codec_version_id) == ("", {"level": 3.2}, 2)


def test_a_later_problem_does_not_hide_what_was_decoded(field: Field) -> None:
    keep_uplinks([uplink(field, codec_version_id=1)])
    keep_uplinks([uplink(field, data={}, problem="codec failed", codec_version_id=2)])
    row = StoredUplink.objects.get()
    assert (row.problem, row.data, row.codec_version_id) == ("", {"level": 3.2}, 1)


def test_messages_of_one_device_stay_apart(field: Field) -> None:
    one, two = uplink(field), uplink(field, message=UUID(int=9))
    later = msgspec.structs.replace(one, sent_at=at(10), message=UUID(int=10))
    assert len(keep_uplinks([one, two, later])) == 3
    assert StoredUplink.objects.count() == 3


def test_letters_that_postgresql_refuses_are_replaced(field: Field) -> None:
    keep_points([field.point(0, "a\0b\ud800c", "state", "text")])
    keep_uplinks([uplink(field, data={"text\0": "x\0\udfff", "nan": float("nan")}, event="E\0")])
    assert LooseReading.objects.get().value == "a\ufffdb\ufffdc"
    assert StoredUplink.objects.get().data == {"text\ufffd": "x\ufffd\ufffd", "nan": None}


@given(st.text())
def test_text_without_such_letters_stays_as_it_is(text: str) -> None:
    assert plain_text(text.replace("\0", "")) == text.replace("\0", "")
    assert json.loads(json_bytes({"a": text})) == {"a": text.replace("\0", "\ufffd")}


def test_a_reading_far_outside_the_partitions_is_kept(field: Field) -> None:
    series = field.keep((-60 * 24 * 3650, 1.0), (60 * 24 * 365, 2.0))
    since, until = at(0) - timedelta(days=4000), at(0) + timedelta(days=400)
    assert chart.points(series, since, until).mean.tolist() == [1.0, 2.0]
