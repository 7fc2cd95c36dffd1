"""Ten thousand devices cross a limit within a second: F44, with real rules, notices and mails."""

import time
from datetime import timedelta

from noroshi.alarms import gathering
from noroshi.alarms.models import Incident, Notice, Rule
from noroshi.alarms.watch import watch
from noroshi.devices.models import Device, Thing
from noroshi.outbox.models import Message
from noroshi.readings.store import Kept, Point
from tests.alarms.conftest import START, Store, at

DEVICES, BATCH = 10_000, 2_000
SECONDS_MAX = 60


def test_ten_thousand_incidents_are_one_mail_for_each_recipient_within_a_minute(
    store: Store,
) -> None:
    batches = alarms(store)
    began = time.perf_counter()
    for number, batch in enumerate(batches):
        watch(batch, now=at(0) + timedelta(seconds=number))
    watch(batches[0], now=at(0) + timedelta(seconds=9))  # a batch that is carried twice
    told_s = time.perf_counter() - began
    assert Message.objects.count() == 0
    assert gathering.send_due(at(0) + timedelta(seconds=11)) == 2
    took_s = time.perf_counter() - began
    print(f"\n{DEVICES} incidents: told in {told_s:.1f} s, mails in {took_s:.1f} s")  # noqa: T201
    assert Incident.objects.open_().count() == DEVICES
    assert Notice.objects.filter(state="posted", reason="gathered").count() == 2 * DEVICES
    mails = Message.objects.order_by("address")
    assert [one.kind for one in mails] == ["incident.gathered"] * 2
    assert mails[0].subject.startswith("【警報10000件】")
    assert "ほか9900件" in mails[0].body
    assert took_s < SECONDS_MAX - gathering_wait_s()
    assert gathering.send_due(at(2)) == 0
    assert Message.objects.count() == 2


def gathering_wait_s() -> float:
    """What the mails wait on purpose."""
    waited = Notice.objects.order_by("decided_at").first()
    assert waited is not None
    assert waited.due_at is not None
    return (waited.due_at - waited.decided_at).total_seconds()


def alarms(store: Store) -> list[list[Kept]]:
    """The readings of DEVICES new devices, each with a rule, in batches as the spine has them."""
    kind, tenant = store.device.type, store.tenant
    things = Thing.objects.bulk_create(
        Thing(type=kind, space="generic", address=f"b{number}", registered_at=START)
        for number in range(DEVICES)
    )
    devices = Device.objects.bulk_create(
        Device(
            tenant=tenant, name=f"d{one.address}", type=kind, space="generic",
            address=one.address, registered_at=START, thing=one,
        )
        for one in things
    )  # fmt: skip
    rules = Rule.objects.bulk_create(
        Rule(tenant=tenant, device=device, key="temperature", upper=10.0, created_at=START)
        for device in devices
    )
    through = Rule.recipients.through
    through.objects.bulk_create(
        through(rule=rule, recipient=person) for rule in rules for person in (store.aki, store.ben)
    )
    points = [Point(tenant.pk, one.pk, "temperature", "number", at(0), 11.5) for one in devices]
    kept = [Kept(point, 1, is_late=False) for point in points]
    return [kept[begin : begin + BATCH] for begin in range(0, DEVICES, BATCH)]
