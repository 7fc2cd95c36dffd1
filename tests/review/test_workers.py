"""Several workers: every slice gets its turn."""

from datetime import timedelta

from noroshi import pipeline
from noroshi.inbox import actions
from noroshi.inbox.models import ExceptionalEntry
from noroshi.readings.models import StoredUplink
from tests.review.conftest import NOBODY, NOW, House, up


def turns(house: House, count: int) -> int:
    """So many turns of a worker that is one of two; how many entries it carried."""
    return sum(pipeline.process_waiting(house.sandbox, now=NOW, slices_max=8) for _ in range(count))


def test_a_worker_of_two_reaches_every_device_although_the_other_sleeps(house: House) -> None:
    for number in range(24):
        house.register("lorawan", f"{number:016X}")
    for number in range(24):
        house.send(up(3.0, NOW, eui=f"{number:016X}"))
        turns(house, 3)
        assert StoredUplink.objects.count() == number + 1


def test_a_worker_of_two_runs_again_what_is_asked_of_a_quiet_slice(house: House) -> None:
    for number in range(24):
        house.send(up(3.0, NOW, eui=f"{number:016X}"))
    house.run()
    for number in range(24):
        house.register("lorawan", f"{number:016X}", now=NOW + timedelta(minutes=1))
    actions.run_again_all("unknown", "", by=NOBODY, now=NOW)
    for _ in range(60):
        turns(house, 1)
    assert set(ExceptionalEntry.objects.values_list("state", flat=True)) == {"done"}
    assert StoredUplink.objects.count() == 24
