"""Rebuilt from raw uplinks, readings and incidents equal the live ones; what differs is told."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from django.db import connection

from noroshi.alarms.actions import Terms, make_rule
from noroshi.alarms.models import Incident
from noroshi.codecs.actions import NewVersion, add_version
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.models import Device
from noroshi.inbox.models import PackedEntries
from noroshi.jobs import raw, rebuild
from noroshi.readings import closing, store
from noroshi.readings.models import Chunk, Latest, LooseReading, Reading, StoredUplink
from tests.committed import transactional_db
from tests.review.conftest import NOBODY, NOW, House, made_house, up

__all__ = ["transactional_db"]

BEGIN = datetime.fromisoformat("2026-11-10T00:00:00+09:00")
BEFORE = BEGIN - timedelta(days=1)
OTHERS = ("0202020202020202", "0303030303030303")
WORDS = """function decodeUplink(input) {
  var t = (input.bytes[0] << 8 | input.bytes[1]) / 10 - 40;
  return {data: {temperature: t, warm: t > 5, said: "t=" + t,
    location: {latitude: 36 + t / 1000, longitude: 137}}};
}"""
MENDED = """function decodeUplink(input) {
  var t = (input.bytes[0] << 8 | input.bytes[1]) / 10 - 39;
  if (t > 30) throw new Error("too hot");
  return {data: {temperature: t, warm: t > 5, again: 1}};
}"""


@pytest.fixture
def house(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    store.forget_series()
    monkeypatch.setattr(rebuild.timezone, "now", lambda: NOW)
    with Sandbox() as sandbox:
        made = made_house(sandbox)
        version(made, WORDS, at=BEFORE)
        for one in OTHERS:
            made.register("lorawan", one, now=BEGIN)
        Device.objects.update(registered_at=BEFORE)
        terms = Terms("temperature", 8.0, -1.0, 0.5, 1200)
        make_rule(made.device, terms, [], by=NOBODY, now=BEFORE)
        yield made
    store.forget_series()


def version(house: House, source: str, *, at: datetime) -> None:
    add_version(house.type.codec, NewVersion(source), by=NOBODY, now=at)


def days_of_uplinks(house: House, count: int, *, seed: int = 5) -> None:
    """Uplinks of three devices, some twice, some late, some minutes apart in disorder."""
    chance = random.Random(seed)
    celsius = 4.0
    late: list[tuple[float, datetime, int]] = []
    for n in range(count):
        at = BEGIN + timedelta(minutes=10) + n * timedelta(minutes=6)
        celsius = max(-9.0, min(25.0, celsius + chance.gauss(0, 1.5)))
        eui = ("0101010101010101", *OTHERS)[n % 3]
        message = up(round(celsius, 1), at, counter=n, eui=eui)
        if chance.random() < 0.05:
            late.append((celsius, at, n))
            continue
        house.send(message, now=at)
        if chance.random() < 0.1:
            house.send(message, now=at + timedelta(seconds=3))
        if late and chance.random() < 0.03:
            old, sent_at, number = late.pop()
            house.send(up(round(old, 1), sent_at, counter=number), now=at)
        if chance.random() < 0.05:
            house.run(at + timedelta(seconds=5))
    house.run(NOW)


def told(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """What the program answers and prints."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        rebuild.main(words)
    return int(left.value.code or 0), capsys.readouterr().out


CHECK = ["--check", "--from", "2026-11-10", "--to", "2026-11-21"]


def test_what_was_rebuilt_equals_what_is_live_hot_or_packed_late_or_twice(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    days_of_uplinks(house, 2000)
    version(house, MENDED, at=NOW)
    house.send(up(3.0, NOW - timedelta(days=1), counter=9999), now=NOW)
    house.run(NOW)
    code, said = told(CHECK, capsys)
    assert (code, "0 differ" in said) == (0, True), said
    incidents = Incident.objects.count()
    assert incidents > 3
    assert f"{incidents} incidents of 1 rules, 0 differ" in said
    assert raw.pack(NOW) > 1000
    assert closing.close_days(NOW) > 1000
    assert Chunk.objects.exists()
    packed = told(CHECK, capsys)
    assert packed == (0, said)


@pytest.mark.parametrize("what", ["changed", "gone", "made", "loose", "packed"])
def test_a_reading_that_was_tampered_with_is_found(
    house: House, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    days_of_uplinks(house, 150)
    if what == "packed":
        closing.close_days(NOW)
        one = Chunk.objects.filter(series__key="temperature").order_by("series_id")[0]
        Chunk.objects.filter(pk=one.pk).delete()
    elif what == "loose":
        row = LooseReading.objects.filter(series__key="said").order_by("at")[5]
        LooseReading.objects.filter(pk=row.pk).update(value="t=0")
    else:
        row = Reading.objects.filter(series__key="temperature").order_by("at")[5]
        mine = Reading.objects.filter(pk=row.pk)
        if what == "changed":
            mine.update(value=row.value + 0.1)
        elif what == "gone":
            mine.delete()
        else:
            at = row.at + timedelta(seconds=1)
            Reading.objects.create(series_id=row.series_id, at=at, value=1.0)
    code, said = told(CHECK, capsys)
    assert code == 1
    words = {
        "changed": "temperature at 2026-11-09T",
        "gone": "live nothing, rebuilt",
        "made": "live 1.0, rebuilt nothing",
        "loose": "said at 2026-11-09T",
        "packed": "and ",
    }
    assert words[what] in said
    assert ", 1 differ\n" in said


def test_an_incident_that_was_tampered_with_is_found(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    days_of_uplinks(house, 400)
    one = Incident.objects.order_by("opened_at").first()
    assert one is not None
    Incident.objects.filter(pk=one.pk).update(worst_value=99.0)
    code, said = told(CHECK, capsys)
    assert code == 1
    assert "worst 99" in said
    assert "of 1 rules, 1 differ" in said
    Incident.objects.filter(pk=one.pk).delete()
    assert "live nothing, rebuilt upper" in told(CHECK, capsys)[1].replace("lower", "upper")


def test_a_device_alone_is_checked_and_mended_after_its_codec_was(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    days_of_uplinks(house, 240)
    hottest = Reading.objects.filter(series__device=house.device, series__key="temperature")
    before = dict(hottest.values_list("at", "value"))
    others = Reading.objects.exclude(series__device=house.device)
    untouched = set(others.values_list("series_id", "at", "value"))
    raw.pack(NOW)
    version(house, MENDED, at=NOW)
    mine = ["--device", house.device.code, *CHECK[1:]]
    capsys.readouterr()
    rebuild.main(mine)
    said = capsys.readouterr().out
    after = dict(hottest.values_list("at", "value"))
    assert f"{len(before)} messages decoded anew" in said
    assert after == {at: pytest.approx(value + 1) for at, value in before.items()}
    assert set(others.values_list("series_id", "at", "value")) == untouched
    # The text and the place are no longer brought.
    assert f"{2 * len(before)} readings that they no longer bring were removed" in said
    assert not LooseReading.objects.filter(series__device=house.device).exists()
    assert not Latest.objects.filter(device=house.device, series__key="said").exists()
    uplink = StoredUplink.objects.filter(device=house.device).order_by("sent_at")[0]
    assert sorted(uplink.data) == ["again", "temperature", "warm"]
    code, said = told(["--check", *mine], capsys)
    assert code == 0, said
    capsys.readouterr()
    rebuild.main(mine)
    assert "0 readings that they no longer bring" in capsys.readouterr().out


def test_what_the_mended_codec_fails_at_stays_as_it_is(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.send(up(45.0, BEGIN + timedelta(hours=1)), now=BEGIN + timedelta(hours=1))
    house.run(NOW)
    closing.close_days(NOW)
    version(house, MENDED, at=NOW)
    rebuild.main(["--device", house.device.code, "--from", "2026-11-10"])
    assert "1 by a codec that failed" in capsys.readouterr().out
    assert told(CHECK, capsys)[0] == 0


def test_packed_readings_are_mended_and_the_latest_follows(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    days_of_uplinks(house, 90)
    closing.close_days(NOW)
    version(house, "function decodeUplink(i) { return {data: {warm: true}}; }", at=NOW)
    rebuild.main(["--device", house.device.code, *CHECK[1:]])
    assert not Chunk.objects.filter(series__device=house.device, series__key="temperature").exists()
    assert not Latest.objects.filter(device=house.device, series__key="temperature").exists()
    closing.close_days(NOW)
    code, said = told(["--check", "--device", house.device.code, *CHECK[1:]], capsys)
    assert code == 0, said
    assert "1 rules not compared" in said


def test_a_device_retired_since_is_rebuilt_too(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    days_of_uplinks(house, 60)
    Device.objects.filter(pk=house.device.pk).update(retired_at=NOW - timedelta(days=1))
    code, said = told(CHECK, capsys)
    assert code == 0, said
    assert raw.pack(NOW) == PackedEntries.objects.get(owner_id=house.tenant.pk).count


def test_what_waits_on_the_exception_list_is_no_difference(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.send(up(4.0, BEGIN, eui="0404040404040404"), now=BEGIN)
    house.run(BEGIN)
    house.register("lorawan", "0404040404040404", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_exception SET state = 'dismissed'")
    assert told(CHECK, capsys)[0] == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--check", "--from", "2026-11-10", "--to", "2026-11-09"], "--to is before --from"),
        (["--check", "--device", "nobody"], "no device has the code nobody"),
        ([], "name --device"),
    ],
)
def test_a_bad_word_ends_with_one_line(
    house: House, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    with pytest.raises(SystemExit) as left:
        rebuild.main(words)
    assert left.value.code == 2
    assert why in capsys.readouterr().err
