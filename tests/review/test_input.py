"""Bad and odd input: it stands on the list or is stored as far as it makes sense, never stops."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection

from noroshi import pipeline
from noroshi.alarms.models import Incident, Rule
from noroshi.base import news
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import Device, DeviceType, Heartbeat
from noroshi.inbox import actions
from noroshi.inbox.models import ExceptionalEntry
from noroshi.pipeline import spine
from noroshi.readings.models import Reading, StoredUplink
from noroshi.readings.uplinks import NewUplink
from tests.review.conftest import EUI, NOBODY, NOW, House, keys_of, up
from tests.spine.journal import Posted, take_in


def device_of(house: House, codec: str, source: str, space: str, address: str) -> Device:
    """A device of a type of its own."""
    made = make_codec(codec, codec, NewVersion(source), by=NOBODY, now=NOW)
    kind = DeviceType.objects.create(name_ja=f"{codec} {address}", codec=made)
    new = NewDevice(house.tenant, address, kind, space, address)
    return register(new, by=NOBODY, now=NOW)


def json_of(*messages: Mapping[str, object]) -> Posted:
    return Posted(json.dumps(messages[0] if len(messages) == 1 else messages).encode())


def test_a_name_too_long_for_a_series_costs_only_its_own_value(house: House) -> None:
    device = device_of(house, "network", "", "generic", "g1")
    take_in(house.connect("json"), json_of({"id": "g1", "fields": {"k" * 90: 1, "t": 2}}), now=NOW)
    house.run()
    assert keys_of(device) == {"t"}
    assert "bad_name" in StoredUplink.objects.get().problem
    assert not ExceptionalEntry.objects.exists()


@pytest.mark.parametrize("odd", [{"f_port": 70_000}, {"rssi": 1e300}, {"snr": -1e39}])
def test_a_radio_number_that_cannot_be_is_left_out(house: House, odd: dict[str, float]) -> None:
    device = device_of(house, "network", "", "generic", "g1")
    take_in(house.connect("json"), json_of({"id": "g1", "fields": {"t": 2}} | odd), now=NOW)
    house.run()
    assert keys_of(device) == {"t"}
    stored, beat = StoredUplink.objects.get(), Heartbeat.objects.get()
    assert (stored.f_port, stored.rssi_dbm, stored.snr_db) == (None, None, None)
    assert (beat.rssi_dbm, beat.snr_db) == (None, None)
    assert not ExceptionalEntry.objects.exists()


def test_an_alarm_is_given_also_when_the_second_callback_brings_the_payload(house: House) -> None:
    device = device_of(house, "sigfox_grammar", "temperature::uint:8", "sigfox", "1A2B3C")
    Rule.objects.create(
        tenant=house.tenant, device=device, key="temperature", upper=10, created_at=NOW
    )
    told = {"device": "1A2B3C", "time": int(NOW.timestamp()), "seqNumber": 5}
    source = house.connect("sigfox")
    advanced = told | {"lqi": "Good", "duplicates": [{"bsId": "1", "rssi": -90, "snr": 9}]}
    take_in(source, Posted(json.dumps(advanced).encode(), event="advanced"), now=NOW)
    house.run()
    for _ in range(2):
        uplink = told | {"data": "63"}
        take_in(source, Posted(json.dumps(uplink).encode(), event="uplink"), now=NOW)
        house.run()
    stored = StoredUplink.objects.get()
    assert (bytes(stored.payload), stored.rssi_dbm) == (b"\x63", -90)
    assert Incident.objects.get().opened_value == 99


def test_of_several_unknown_devices_in_one_body_each_gets_its_messages_when_registered(
    house: House,
) -> None:
    known = device_of(house, "network", "", "generic", "known")
    body = [{"id": name, "fields": {"t": 1}} for name in ("known", "first", "second")]
    take_in(house.connect("json"), json_of(*body), now=NOW)
    house.run()
    assert keys_of(known) == {"t"}
    for name, state in (("first", "open"), ("second", "done")):
        new = NewDevice(house.tenant, name, known.type, "generic", name)
        device = register(new, by=NOBODY, now=NOW)
        assert actions.run_waiting_of("generic", name) == 1
        house.run()
        assert keys_of(device) == {"t"}
        assert ExceptionalEntry.objects.get().state == state
    assert Reading.objects.count() == 3


def test_more_than_the_server_takes_is_the_messages_fault_and_stops_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLSTATE class 54 is an OperationalError too: tried again and again it would stop all."""
    honest = spine.keep_uplinks

    def keep_uplinks(uplinks: list[NewUplink], **more: Any) -> object:
        if any(one.counter == 666 for one in uplinks):
            with connection.cursor() as cursor:
                cursor.execute("DO $$BEGIN RAISE 'too much' USING ERRCODE = '54000'; END$$")
        return honest(uplinks, **more)

    monkeypatch.setattr(spine, "keep_uplinks", keep_uplinks)
    for number, counter in enumerate((1, 666, 3)):
        house.send(up(float(number), NOW, counter=counter))
    house.run()
    assert set(StoredUplink.objects.values_list("counter", flat=True)) == {1, 3}
    assert ExceptionalEntry.objects.get().reason == "bad_data"


@pytest.mark.parametrize(
    ("cause", "is_of_the_machine"),
    [
        (psycopg.errors.DeadlockDetected, True),
        (psycopg.errors.DiskFull, True),
        (psycopg.errors.AdminShutdown, True),
        (psycopg.OperationalError, True),
        (psycopg.errors.ProgramLimitExceeded, False),
        (psycopg.errors.StatementTooComplex, False),
    ],
)
def test_what_waiting_mends_is_told_from_what_it_does_not(
    cause: type[psycopg.Error], *, is_of_the_machine: bool
) -> None:
    error = OperationalError("said Django")
    error.__cause__ = cause("said the server")
    assert pipeline.is_of_the_machine(error) is is_of_the_machine
    assert pipeline.is_of_the_machine(InterfaceError("closed"))
    assert not pipeline.is_of_the_machine(ValueError("a bug"))


def test_every_device_of_a_large_batch_is_told_to_open_pages(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "DEVICES_MAX", 2)
    for number in range(5):
        house.register("lorawan", f"{number:016X}")
        house.send(up(3.0, NOW, eui=f"{number:016X}"))
    house.send(up(3.0, NOW, eui=EUI))
    told: list[str] = []
    monkeypatch.setattr(news.json, "dumps", lambda notice: told.extend(notice["devices"]) or "{}")
    house.run()
    assert sorted(told) == sorted(Device.objects.values_list("code", flat=True))
