"""The measured side of bench.whole: gate and worker under load, and who says when all is done."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

import psycopg  # noqa: E402
from bench import scratch, spine_child  # noqa: E402
from bench.gate import a_gate, family  # noqa: E402
from bench.spine_child import server_us, spent_us  # noqa: E402
from django.db import connection  # noqa: E402

from noroshi.base.environment import ROLE_URLS  # noqa: E402
from noroshi.base.roles import PIPELINE  # noqa: E402

DEVICES = 5000
WARM = (2000, 2.0)
RATES = {500: 4.0, 2000: 4.0, 10_000: 5.0}  # uplinks a second → for how many seconds
DRAINED_S_MAX = 30.0
LOAD_S_MAX = 30.0
ROOT = Path(__file__).resolve().parent.parent

MARKS = "SELECT slice, entry_id FROM inbox_watermark"
LAST = "SELECT coalesce(max(id), 0) FROM inbox_entry"
SENT = """
SELECT e.slice, e.id, extract(epoch FROM u.sent_at)::float8
FROM inbox_entry e JOIN readings_uplink u ON u.entry_key = e.key WHERE e.id > %s AND e.id <= %s
"""


@dataclass
class Watch:
    """Hears of every commit of the worker, and looks how far each slice is then."""

    url: str
    seen: dict[int, list[tuple[int, float]]] = field(default_factory=dict)  # slice → (id, when)
    backend: int = 0
    batches: int = 0
    is_over: bool = False

    def run(self) -> None:
        """Until `is_over`."""
        with psycopg.connect(self.url, autocommit=True) as ear:
            self.backend = ear.info.backend_pid
            ear.execute("LISTEN noroshi_live")
            while not self.is_over:
                heard = list(ear.notifies(timeout=0.2, stop_after=1))
                if heard:
                    self.look(ear)

    def look(self, ear: "psycopg.Connection[tuple[int, int]]") -> None:
        """Note how far each slice is now."""
        marks, now = ear.execute(MARKS).fetchall(), time.time()
        is_new = False
        for slice_, entry_id in marks:
            steps = self.seen.setdefault(slice_, [])
            if not steps or steps[-1][0] < entry_id:
                steps.append((entry_id, now))
                is_new = True
        self.batches += is_new


@dataclass(frozen=True)
class Programs:
    """What is measured, by process id, and where the load goes."""

    gate: int
    worker: int
    postmaster: int
    port: int
    token: str


def main() -> None:
    """Print one line of JSON: rate → figures."""
    now = datetime.now(UTC)
    token = spine_child.prepare(now, DEVICES)[1]
    url = os.environ["DATABASE_URL"]
    watch = Watch(url)
    thread = threading.Thread(target=watch.run, daemon=True)
    gate = [sys.executable, "-m", "noroshi.gate.main"]
    with a_gate(gate, url) as (gate_pid, port), a_worker() as worker:
        postmaster = spine_child.postmaster_of_this_session()
        programs = Programs(gate_pid, worker, postmaster, port, token)
        thread.start()
        first = load(programs, 0, *WARM)
        drained()
        scratch.analyze()
        told = {}
        for rate, seconds in RATES.items():
            told[rate], first = measured(programs, watch, first, rate, seconds)
        watch.is_over = True
        thread.join()
    check()
    sys.stdout.write(json.dumps(told) + "\n")


@contextlib.contextmanager
def a_worker() -> Iterator[int]:
    """The program work; its process id."""
    program = [sys.executable, "-m", "noroshi", "work"]
    told = os.environ | {ROLE_URLS[PIPELINE]: os.environ["DATABASE_URL"]}
    process = subprocess.Popen(program, cwd=ROOT, env=told, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def load(programs: Programs, first: int, rate: int, seconds: float) -> int:
    """Load at this rate; the number of the last uplink."""
    words = [programs.port, programs.token, first, rate, seconds, DEVICES]
    program = [sys.executable, "-m", "bench.pace", *map(str, words)]
    done = subprocess.run(
        program, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=seconds + LOAD_S_MAX
    )
    told = json.loads(done.stdout)
    wanted = round(rate * seconds)
    assert told == {"answers": wanted, "refusals": 0}, told
    return first + wanted


def measured(
    programs: Programs, watch: Watch, first: int, rate: int, seconds: float
) -> tuple[dict[str, float], int]:
    """One rate: figures, and the number of the last uplink."""
    begin, batches = one(LAST), watch.batches
    before = cpu(programs, watch)
    last = load(programs, first, rate, seconds)
    drained()
    after = cpu(programs, watch)
    count = last - first
    lags = sorted(lags_of(watch, begin, one(LAST)))
    assert len(lags) == count, f"{len(lags)} of {count} uplinks were carried through"
    spent = {name: (after[name] - before[name]) / count for name in after}
    return spent | {
        "cpu_us": sum(spent.values()),
        "p50_ms": lags[count // 2] * 1000,
        "p99_ms": lags[count * 99 // 100] * 1000,
        "batch": count / max(1, watch.batches - batches),
    }, last


def lags_of(watch: Watch, begin: int, end: int) -> Iterator[float]:
    """Seconds from due to done, of each uplink with an id in (begin, end]."""
    time.sleep(0.3)  # the watch is told after the commit
    with connection.cursor() as cursor:
        cursor.execute(SENT, [begin, end])
        for slice_, entry_id, sent_s in cursor.fetchall():
            steps = watch.seen[slice_]
            yield steps[bisect_left(steps, (entry_id, 0.0))][1] - sent_s


def cpu(programs: Programs, watch: Watch) -> dict[str, float]:
    """Spent so far, in µs, by who spent it."""
    whole = sum(spent_us(pid) for pid in family(programs.worker))
    worker = spent_us(programs.worker, children=0)
    mine = spent_us(watch.backend) + spent_us(connection.connection.info.backend_pid)
    return {
        "gate": spent_us(programs.gate),
        "worker": worker,
        "sandbox": whole - worker,
        "postgres": server_us(programs.postmaster) - mine,
    }


def drained() -> None:
    """Wait until the spine has carried everything through."""
    end = time.monotonic() + DRAINED_S_MAX
    while one("SELECT min(entry_id) FROM inbox_watermark") < one(LAST):
        assert time.monotonic() < end, "the spine does not come to an end"
        time.sleep(0.05)


def one(query: str) -> int:
    """A single number of the database."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def check() -> None:
    """What was measured was the whole work."""
    count = one("SELECT count(*) FROM readings_uplink")
    assert one("SELECT count(*) FROM readings_reading") == count * len(spine_child.KEYS)
    assert one("SELECT count(*) FROM alarms_incident") > count // spine_child.ALARM_EVERY // 2
    assert one("SELECT count(*) FROM outbox_message") > count // spine_child.ALARM_EVERY // 2
    assert one("SELECT count(*) FROM inbox_exception") == 0, "some uplinks were refused"


if __name__ == "__main__":
    main()
