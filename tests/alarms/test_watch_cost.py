"""What watching costs when nothing changes, in CPU time, so that a busy machine does not matter."""

import time

from noroshi.alarms.models import Rule
from noroshi.alarms.watch import Watched, watch
from noroshi.devices.models import Device
from noroshi.readings.store import Kept, Point
from tests.alarms.conftest import START, Store, at
from tests.things import thing

UPLINKS = 500
KEYS = ("temperature", "humidity", "battery")
MICROSECONDS_MAX = 50  # an uplink of this process; about 8 here, more on a slow machine


def test_normal_readings_cost_microseconds_and_not_milliseconds(store: Store) -> None:
    devices = Device.objects.bulk_create(
        Device(
            tenant=store.tenant, name=f"d{number}", type=store.device.type, space="generic",
            address=f"b{number}", registered_at=START,
            thing=thing(store.device.type, "generic", f"b{number}", START),
        )
        for number in range(UPLINKS)
    )  # fmt: skip
    Rule.objects.bulk_create(
        Rule(
            tenant=store.tenant, device=device, key=key, upper=10.0, lower=0.0, created_at=START
        )
        for device in devices
        for key in KEYS
    )  # fmt: skip
    batch = [
        Kept(Point(store.tenant.pk, device.pk, key, "number", at(0), 5.0), 1, is_late=False)
        for device in devices
        for key in KEYS
    ]
    costs = []
    for _ in range(10):
        began = time.process_time()
        assert watch(batch, now=at(0)) == Watched(0, 0)
        costs.append((time.process_time() - began) / UPLINKS * 1e6)
    assert min(costs) < MICROSECONDS_MAX
