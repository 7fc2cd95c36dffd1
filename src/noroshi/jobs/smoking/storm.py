"""kill -9 in the middle of a burst: nothing acknowledged is lost, nothing is told twice."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from noroshi.jobs.smoking import cast
from noroshi.jobs.smoking.network import Network
from noroshi.jobs.smoking.product import REPAIR_S_MAX, Product
from noroshi.jobs.smoking.report import CheckFailed, Report, wait_for
from noroshi.jobs.smoking.story import World, fridge_uplink

UPLINKS_EACH = 100
CROSSING_EVERY = 10  # so many uplinks of a terminal hold one alarm and its recovery
VICTIMS = ("work", "gate", "send")
RETRY_S = 0.1
BURST_S_MAX = 40.0
SETTLE_S_MAX = 40.0


class Burst:
    """A thread a terminal, each posting its uplinks in order, again until they are taken."""

    def __init__(self, line: Network, began: datetime) -> None:
        self.taken: dict[str, list[float]] = {name: [] for name in cast.STORM}
        self.repeats = 0
        self._line, self._began = line, began
        self._lock = threading.Lock()
        self._until = time.monotonic() + BURST_S_MAX
        self._threads = [
            threading.Thread(target=self._send_all, args=(terminal,), daemon=True)
            for terminal in cast.TERMINALS
            if terminal.name in self.taken
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the end."""
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int) -> None:
        """Until so many were acknowledged."""
        wait_for(lambda: self.count >= count, expected=True, seconds=BURST_S_MAX)

    @property
    def count(self) -> int:
        """How many were acknowledged so far."""
        return sum(len(values) for values in self.taken.values())

    def _send_all(self, terminal: cast.Terminal) -> None:
        for number in range(UPLINKS_EACH):
            celsius = value_of(number)
            at = self._began + timedelta(seconds=number)
            body = fridge_uplink(terminal.address, at, number, celsius)
            while not self._is_taken(body):
                if time.monotonic() > self._until:
                    return
                with self._lock:
                    self.repeats += 1
                time.sleep(RETRY_S)
            self.taken[terminal.name].append(celsius)

    def _is_taken(self, body: dict[str, object]) -> bool:
        try:
            return self._line.post(body, "?event=up").status == 200
        except (OSError, http.client.HTTPException):
            return False


def value_of(number: int) -> float:
    """Every reading another value, in tenths; one of ten breaks the limit."""
    tenths = 500 if number % CROSSING_EVERY == CROSSING_EVERY // 2 else -200
    return (tenths + number) / 10


def rage(world: World, product: Product) -> None:
    """The burst, the kills, and the counts after it."""
    report = world.report
    mails_before, incidents_before = len(world.mailbox.mails), len(world.tenant.incidents())
    listed_before = len(world.tenant.mails())
    began = datetime.now(UTC) - timedelta(seconds=UPLINKS_EACH)
    burst = Burst(world.lines[cast.CHIRPSTACK], began)
    all_of_it = UPLINKS_EACH * len(cast.STORM)
    burst.start()
    for number, name in enumerate(VICTIMS, start=1):
        burst.wait_for(all_of_it * number // 5)
        kill(report, product, name, burst.count)
    burst.join()
    report.same("every uplink was acknowledged in the end", burst.count, all_of_it)
    check_readings(world, burst)
    check_incidents(world, incidents_before)
    check_mails(world, mails_before, listed_before)


def kill(report: Report, product: Product, name: str, count: int) -> None:
    """kill -9, and the supervisor repairs it in time."""
    old = product.kill(name)
    began = time.monotonic()

    def is_back() -> bool:
        return product.pids().get(name) not in {None, old}

    if not wait_for(is_back, expected=True, seconds=REPAIR_S_MAX):
        raise CheckFailed(f"{name} was killed and not started again within {REPAIR_S_MAX:.0f} s")
    took_s = time.monotonic() - began
    report.passed(f"kill -9 {name} after {count} uplinks: started again in {took_s:.1f} s")


def check_readings(world: World, burst: Burst) -> None:
    """Each acknowledged uplink is one reading, in its place."""
    for name, values in burst.taken.items():
        code = world.codes[name]

        def look(code: str = code) -> object:
            return world.tenant.points(code, "temperature")

        wanted = list(values)
        what = f"{name}: {len(wanted)} readings, each once, in order"
        world.report.becomes(what, look, wanted, SETTLE_S_MAX)
        uplinks = len(world.tenant.uplinks(code))
        world.report.same(f"{name}: as many uplinks", uplinks, len(wanted))


def check_incidents(world: World, before: int) -> None:
    """Each crossing is one incident, opened and closed."""
    crossings = UPLINKS_EACH // CROSSING_EVERY * len(cast.STORM)
    rows = world.tenant.incidents()
    world.report.same("each crossing is one incident", len(rows) - before, crossings)
    still_open = [row for row in rows if "発生中" in row[5]]
    world.report.same("all are over", still_open, [])


def check_mails(world: World, before: int, listed: int) -> None:
    """Every mail came; the one that was on its way when `send` was killed at most twice."""
    report = world.report
    mails = 2 * (UPLINKS_EACH // CROSSING_EVERY) * len(cast.STORM)

    def came() -> Counter[str]:
        return Counter(mail.message_id for mail in world.mailbox.mails[before:])

    look: Callable[[], object] = lambda: len(came())  # noqa: E731 - a look, not a function
    report.becomes(f"{mails} mails came", look, mails, SETTLE_S_MAX)
    repeats = sum(count - 1 for count in came().values())
    report.holds(f"repeated by the kill of send: {repeats}", is_good=repeats <= 1, seen=repeats)
    report.becomes("the mail log agrees", lambda: len(world.tenant.mails()) - listed, mails)
    waiting = [row for row in world.tenant.mails() if "送信済" not in row[3]]
    report.same("none waits", waiting, [])
