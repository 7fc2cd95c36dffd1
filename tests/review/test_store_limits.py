"""What one device may bring into the store, and how far from now: named limits, told in words."""

from datetime import datetime, timedelta

import pytest

from noroshi.base import partitions
from noroshi.codecs.actions import NewVersion, add_version
from noroshi.inbox import journal
from noroshi.inbox.models import ExceptionalEntry
from noroshi.office.words import say
from noroshi.readings import store
from noroshi.readings.models import Reading, Series, StoredUplink
from tests.review.conftest import NOBODY, NOW, House, keys_of, up

INVENTING = """function decodeUplink(input) {
  return {data: {temperature: 1, ["n" + (input.bytes[0] << 8 | input.bytes[1])]: 2}};
}"""


@pytest.fixture
def inventing(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A codec that makes a new name of every payload, and a low limit."""
    store.forget_series()
    monkeypatch.setattr(store, "DEVICE_SERIES_MAX", 4)
    add_version(house.type.codec, NewVersion(INVENTING), by=NOBODY, now=NOW)
    return house


def send(house: House, count: int, *, first: int = 0) -> None:
    for n in range(first, first + count):
        at = NOW + timedelta(seconds=n)
        house.send(up(float(n), at, counter=n), now=at)
    house.run(NOW + timedelta(minutes=1))


@pytest.mark.parametrize("batches", [1, 9])
def test_a_device_has_no_more_quantities_than_the_limit_and_keeps_those_it_has(
    inventing: House, batches: int
) -> None:
    for n in range(batches):
        send(inventing, 9 // batches, first=n)
    assert Series.objects.count() == 4
    assert "temperature" in keys_of(inventing.device)
    assert Reading.objects.filter(series__key="temperature").count() == 9
    assert Reading.objects.count() == 12
    troubles = ExceptionalEntry.objects.filter(reason="too_many_series")
    assert troubles.count() == (9 if batches == 1 else 6)
    assert troubles.filter(kind="failed", state="open").exists()
    assert "n" in troubles.latest("entry_id").detail
    assert say("too_many_series").what != "too_many_series"


def test_another_device_is_not_held_up_by_one_that_invents_names(inventing: House) -> None:
    send(inventing, 9)
    other = inventing.register("lorawan", "0202020202020202")
    at = NOW + timedelta(minutes=2)
    inventing.send(up(7.0, at, eui="0202020202020202"), now=at)
    inventing.run(at)
    assert len(keys_of(other)) == 2


def test_after_the_codec_is_mended_what_waited_runs(inventing: House) -> None:
    send(inventing, 9)
    good = "function decodeUplink(input) { return {data: {temperature: 1}}; }"
    add_version(inventing.type.codec, NewVersion(good), by=NOBODY, now=NOW)
    ExceptionalEntry.objects.update(state="again")
    inventing.run(NOW + timedelta(minutes=2))
    assert set(ExceptionalEntry.objects.values_list("state", flat=True)) == {"done"}


TABLES = ("readings_reading", "readings_uplink", "readings_loose", "inbox_entry")


@pytest.mark.parametrize("said", ["2026-11-22T03:14:00+00:00", "2010-01-01T00:00:00+00:00"])
def test_a_bad_clock_moves_a_reading_to_its_receipt_and_makes_no_partition(
    house: House, said: str
) -> None:
    before = [partitions.existing(table) for table in TABLES]
    house.send(up(3.0, datetime.fromisoformat(said)))
    house.run()
    assert Reading.objects.get(series__key="temperature").at == NOW
    assert StoredUplink.objects.get().sent_at == NOW
    assert [partitions.existing(table) for table in TABLES] == before


@pytest.mark.parametrize("said", ["2099-01-01T00:00:00+00:00", "1999-12-31T00:00:00+00:00"])
def test_a_clock_that_was_never_set_is_told_in_words_and_the_raw_uplink_is_kept(
    house: House, said: str
) -> None:
    before = [partitions.existing(table) for table in TABLES]
    house.send(up(3.0, datetime.fromisoformat(said)))
    house.run()
    trouble = ExceptionalEntry.objects.get()
    assert (trouble.kind, trouble.reason) == ("refused", "bad_time")
    assert say("bad_time").what != "bad_time"
    assert len(journal.by_keys([trouble.entry_key])) == 1
    assert [partitions.existing(table) for table in TABLES] == before
