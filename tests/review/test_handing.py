"""A thing goes from one tenant to the next: what it sent stays where it was sent for."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.alarms import handing
from noroshi.alarms.models import Incident, Recipient, Rule, RuleState
from noroshi.base.roles import APP, PIPELINE
from noroshi.devices import holdings
from noroshi.devices.holdings import NewHolding, NewThing
from noroshi.devices.models import Device, Thing
from noroshi.devices.waiting import run_registered
from noroshi.inbox import actions
from noroshi.inbox.models import ExceptionalEntry
from noroshi.outbox.models import Message
from noroshi.readings.models import Latest, Series, StoredUplink
from noroshi.tenants import access
from noroshi.tenants.models import Tenant, User
from tests.acting import become
from tests.review.conftest import NOBODY, NOW, House, up

MINUTE = timedelta(minutes=1)
STOCK = "stock"
numbers = itertools.count(1)


def another(name: str = "よその会社") -> Tenant:
    return Tenant.objects.create(name=name, created_at=NOW)


def kept_of(device: Device) -> list[int]:
    rows = StoredUplink.objects.filter(device=device.pk).order_by("counter")
    return list(rows.values_list("counter", flat=True))


def test_a_late_uplink_goes_to_who_held_the_thing_when_it_was_sent(house: House) -> None:
    house.send(up(3.0, NOW, counter=1), now=NOW)
    house.run()
    moved = handing.move(
        house.device, NewHolding(another(), "中古", house.type), by=NOBODY, now=NOW + 10 * MINUTE
    )
    house.send(up(5.0, NOW + 11 * MINUTE, counter=3), now=NOW + 11 * MINUTE)
    house.send(up(4.0, NOW + 9 * MINUTE, counter=2), now=NOW + 12 * MINUTE)
    house.run(now=NOW + 12 * MINUTE)
    assert kept_of(house.device) == [1, 2]
    assert kept_of(moved) == [3]
    assert not ExceptionalEntry.objects.exists()


def test_the_instant_of_a_move_is_the_new_holders(house: House) -> None:
    moved = handing.move(
        house.device, NewHolding(another(), "中古", house.type), by=NOBODY, now=NOW + MINUTE
    )
    house.send(up(5.0, NOW + MINUTE, counter=1), now=NOW + 2 * MINUTE)
    house.run()
    assert (kept_of(house.device), kept_of(moved)) == ([], [1])


def test_a_late_uplink_of_a_retired_thing_is_still_its_last_holders(house: House) -> None:
    handing.retire(house.device, by=NOBODY, now=NOW + MINUTE)
    house.send(up(4.0, NOW, counter=1), now=NOW + 2 * MINUTE)
    house.send(up(4.0, NOW + MINUTE, counter=2), now=NOW + 2 * MINUTE)
    house.run()
    assert kept_of(house.device) == [1]
    assert ExceptionalEntry.objects.get().reason == "no_holder"


def test_what_a_thing_in_stock_sends_reaches_no_tenant_also_not_later(house: House) -> None:
    eui = "00000000000000CD"
    new = NewThing(house.type, "lorawan", eui)
    thing = holdings.add(new, by=NOBODY, now=NOW)
    house.send(up(3.0, NOW + MINUTE, counter=1, eui=eui), now=NOW + MINUTE)
    house.run()
    entry = ExceptionalEntry.objects.get()
    assert (entry.kind, entry.reason, entry.state) == ("unknown", "no_holder", "open")
    holding = NewHolding(house.tenant, "新品", house.type)
    device = holdings.assign(thing, holding, by=NOBODY, now=NOW + 2 * MINUTE)
    assert actions.run_waiting_of("lorawan", eui) == 1
    house.run()
    assert kept_of(device) == []
    # It is not run again each minute for ever.
    assert run_registered(NOW) == 0


def test_a_thing_given_from_a_past_time_on_brings_what_waited_since(house: House) -> None:
    eui = "00000000000000CD"
    thing = holdings.add(NewThing(house.type, "lorawan", eui), by=NOBODY, now=NOW)
    for number in (1, 2, 3):
        at = NOW + number * MINUTE
        house.send(up(3.0, at, counter=number, eui=eui), now=at)
    house.run()
    since = NewHolding(house.tenant, "新品", house.type, since=NOW + 2 * MINUTE)
    device = holdings.assign(thing, since, by=NOBODY, now=NOW + 9 * MINUTE)
    # Found also when whoever assigned it was interrupted.
    assert run_registered(NOW) == 2
    house.run()
    assert kept_of(device) == [2, 3]
    assert ExceptionalEntry.objects.get(state="open").reason == "no_holder"


def test_with_a_move_the_former_holders_alarms_end_and_never_come_again(house: House) -> None:
    rule = Rule.objects.create(
        tenant=house.tenant, device=house.device, key="temperature", upper=10, created_at=NOW
    )
    told = Recipient.objects.create(
        tenant=house.tenant, name="あき", address="aki@example.jp", created_at=NOW
    )
    rule.recipients.add(told)
    house.send(up(12.0, NOW, counter=1))
    house.run()
    assert Incident.objects.open_().count() == 1
    mails = Message.objects.count()
    new = NewHolding(another(), "中古", house.type)
    moved = handing.move(house.device, new, by=NOBODY, now=NOW + 5 * MINUTE)
    assert Incident.objects.get().closed_at == NOW + 5 * MINUTE
    rule.refresh_from_db()
    assert not rule.is_active
    assert not RuleState.objects.exists()
    # Even a rule that somebody switched on again hears nothing of a late uplink.
    Rule.objects.update(is_active=True)
    house.send(up(13.0, NOW + 4 * MINUTE, counter=2), now=NOW + 6 * MINUTE)
    house.run(now=NOW + 6 * MINUTE)
    assert kept_of(house.device) == [1, 2]
    assert Incident.objects.open_().count() == 0
    assert Message.objects.count() == mails
    assert not Rule.objects.filter(device=moved).exists()


def test_neither_holder_sees_a_row_of_the_others_time(house: House) -> None:
    new = NewHolding(another(), "中古", house.type)
    house.send(up(3.0, NOW, counter=1))
    house.run()
    moved = handing.move(house.device, new, by=NOBODY, now=NOW + MINUTE)
    house.send(up(4.0, NOW + 2 * MINUTE, counter=2), now=NOW + 2 * MINUTE)
    house.run(now=NOW + 2 * MINUTE)
    user = User.objects.create_user("aki", "x" * 20, name="あき")
    for device, sees_thing in ((house.device, False), (moved, True)):
        become(APP)
        try:
            with access.acting_in(device.tenant_id, user.pk):
                assert list(Device.objects.values_list("pk", flat=True)) == [device.pk]
                seen = set(StoredUplink.objects.values_list("device_id", flat=True))
                assert seen == {device.pk}
                assert set(Latest.objects.values_list("device_id", flat=True)) == {device.pk}
                assert set(Series.objects.values_list("device_id", flat=True)) == {device.pk}
                # Who holds the thing no more learns nothing of it, such as a new PAC.
                assert Thing.objects.exists() is sees_thing
                assert Thing.objects.update(serial="mine") == 0
        finally:
            become(PIPELINE)


@dataclass(frozen=True, slots=True)
class Step:
    """Minute by minute: a change of hands (whom to), or an uplink (how late it comes)."""

    to: int | None
    delay_min: int


steps = st.lists(
    st.builds(Step, st.one_of(st.none(), st.integers(0, 3)), st.integers(0, 30)),
    min_size=1,
    max_size=14,
)


@given(steps)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_uplink_lands_with_who_held_the_thing_at_the_networks_time(
    house: House, script: list[Step]
) -> None:
    eui = f"{next(numbers):016X}"
    tenants = [Tenant.objects.get_or_create(name=f"t{n}", created_at=NOW)[0] for n in range(3)]
    thing = holdings.add(NewThing(house.type, "lorawan", eui), by=NOBODY, now=NOW)
    world = World(house, thing)
    sent: list[tuple[datetime, int, datetime]] = []
    for number, step in enumerate(script, 1):
        at = NOW + number * MINUTE
        if step.to is None:
            sent.append((at + step.delay_min * MINUTE, number, at))
        else:
            world.hand_to(tenants[step.to] if step.to < len(tenants) else None, at)
        world.deliver([one for one in sent if one[0] <= at], at)
        sent = [one for one in sent if one[0] > at]
    world.deliver(sent, NOW + timedelta(hours=2))
    rows = StoredUplink.objects.filter(device__thing=thing)
    landed = dict(rows.values_list("sent_at", "device_id"))
    assert landed == {at: world.held[at] for at in world.sent_at if world.held.get(at)}


class World:
    """The thing in its hands, and a plain model of who held it when."""

    def __init__(self, house: House, thing: Thing) -> None:
        self.house, self.thing = house, thing
        self.device: Device | None = None
        self.changes: list[tuple[datetime, int | None]] = [(NOW, None)]
        self.sent_at: list[datetime] = []
        self.held: dict[datetime, int | None] = {}

    def hand_to(self, tenant: Tenant | None, at: datetime) -> None:
        holding = tenant and NewHolding(tenant, "x", self.house.type)
        if holding is None:
            if self.device is not None:
                handing.release(self.device, by=NOBODY, now=at)
            self.device = None
        elif self.device is None:
            self.device = holdings.assign(self.thing, holding, by=NOBODY, now=at)
        elif self.device.tenant_id != holding.tenant.pk:
            self.device = handing.move(self.device, holding, by=NOBODY, now=at)
        self.changes.append((at, self.device.pk if self.device else None))

    def deliver(self, sent: list[tuple[datetime, int, datetime]], now: datetime) -> None:
        for received_at, number, at in sent:
            posted = up(3.0, at, counter=number, eui=self.thing.address)
            self.house.send(posted, now=max(received_at, at))
            self.sent_at.append(at)
            self.held[at] = [device for since, device in self.changes if since <= at][-1]
        self.house.run(now=now)
