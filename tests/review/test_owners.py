"""Whose a message is when a terminal changes hands, and what remains of one that is retired."""

from datetime import timedelta

from noroshi.alarms.actions import end_of_retired
from noroshi.alarms.models import Incident, Rule
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.holdings import retire
from noroshi.devices.models import Device
from noroshi.devices.waiting import run_registered
from noroshi.inbox import actions
from noroshi.inbox.models import ExceptionalEntry
from noroshi.outbox.models import Message
from noroshi.readings.models import StoredUplink
from tests.contracted import make_tenant
from tests.review.conftest import EUI, NOBODY, NOW, House, up
from tests.spine.journal import take_in

SECOND = timedelta(seconds=1)


def hand_over(house: House) -> Device:
    """The terminal leaves its tenant and comes to another, who registers it ten seconds later."""
    retire(house.device, by=NOBODY, now=NOW + 10 * SECOND)
    other = make_tenant(name="よその会社", created_at=NOW)
    new = NewDevice(other, "中古", house.type, "lorawan", EUI)
    return register(new, by=NOBODY, now=NOW + 20 * SECOND)


def owners() -> list[int]:
    return list(StoredUplink.objects.order_by("counter").values_list("device_id", flat=True))


def test_what_waited_while_a_terminal_changed_hands_stays_with_its_former_tenant(
    house: House,
) -> None:
    house.send(up(3.0, NOW, counter=1), now=NOW)
    new = hand_over(house)
    house.send(up(4.0, NOW + 15 * SECOND, counter=2), now=NOW + 15 * SECOND)
    house.send(up(5.0, NOW + 20 * SECOND, counter=3), now=NOW + 20 * SECOND)
    house.run()
    # In between nobody held it: such a message is no tenant's.
    assert owners() == [house.device.pk, new.pk]
    assert ExceptionalEntry.objects.get().reason == "no_holder"


def test_an_entry_run_again_after_a_terminal_changed_hands_stays_with_its_former_tenant(
    house: House,
) -> None:
    theirs = house.connect("chirpstack", tenant=make_tenant(name="x", created_at=NOW))
    take_in(theirs, up(3.0, NOW), now=NOW)
    house.run()
    assert ExceptionalEntry.objects.get().reason == "unknown_device"
    hand_over(house)
    theirs.tenant = None
    theirs.save()
    actions.run_again_all("unknown", "", by=NOBODY, now=NOW)
    house.run()
    assert owners() == [house.device.pk]


def test_an_entry_that_met_the_registration_of_its_device_on_the_way_runs_soon(
    house: House,
) -> None:
    stranger = "00000000000000AB"
    house.send(up(3.0, NOW, eui=stranger))
    house.run()
    house.register("lorawan", stranger)  # its run_waiting_of saw no entry yet
    assert run_registered(NOW) == 1
    house.run()
    assert StoredUplink.objects.count() == 1
    assert run_registered(NOW) == 0


def test_an_entry_of_another_tenants_connection_is_not_run_for_ever(house: House) -> None:
    other = make_tenant(name="よその会社", created_at=NOW)
    take_in(house.connect("chirpstack", tenant=other), up(3.0, NOW), now=NOW)
    house.run()
    assert run_registered(NOW) == 0
    assert ExceptionalEntry.objects.get().state == "open"


def test_the_incident_of_a_retired_device_ends_without_a_mail(house: House) -> None:
    Rule.objects.create(
        tenant=house.tenant, device=house.device, key="temperature", upper=10, created_at=NOW
    )
    house.send(up(12.0, NOW))
    house.run()
    assert end_of_retired(NOW) == 0
    retire(house.device, by=NOBODY, now=NOW)
    assert end_of_retired(NOW) == 1
    assert Incident.objects.get().closed_at == NOW
    assert not Message.objects.exists()
