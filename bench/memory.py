"""What the whole product holds in memory: idle, by program, and a gate under load.

Pages that processes share are counted once, in equal parts (PSS): `/proc/<pid>/smaps_rollup`.
`python -m bench.memory` prints the whole product idle.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench import gate

from noroshi.base.environment import ROLE_URLS

START_S_MAX = 120.0
SETTLE_S = 45.0  # every program has done each of its rounds
STOP_S_MAX = 30.0
LOAD_S = 8.0
LOAD_CONNECTIONS = 256
LOOK_S = 0.25
OF_DEMO = {"simulate", "catcher"}  # no installation has them
MB = 1e6


def run(database_url: str) -> dict[str, tuple[float, str]]:
    """Measure in about two minutes; returns name → (value, unit)."""
    programs = idle()
    tell(programs)
    product = sum(used for name, used in programs.items() if name not in OF_DEMO)
    return {
        "memory_idle_mb": (product / MB, "MB"),
        "memory_idle_with_demo_mb": (sum(programs.values()) / MB, "MB"),
        **{f"memory_{name}_mb": (used / MB, "MB") for name, used in programs.items()},
        "memory_gate_load_mb": (gate_under_load(database_url) / MB, "MB"),
    }


def tell(programs: dict[str, float]) -> None:
    """A line a program, the biggest first."""
    for name, used in sorted(programs.items(), key=lambda one: -one[1]):
        print(f"memory: {name:<10} {used / MB:7.1f} MB")


def idle() -> dict[str, float]:
    """Bytes by program of `noroshi up --demo`, its own database included, when it has settled."""
    with tempfile.TemporaryDirectory(prefix="noroshi-memory-") as data:
        Path(data).chmod(0o755)  # PostgreSQL may run as another user than this one
        with up(data) as top:
            time.sleep(SETTLE_S)
            found = by_program(top)
            found["postgres"] = sum(map(pss, tree(postmaster(Path(data)))))
    return found


@contextlib.contextmanager
def up(data: str) -> Iterator[int]:
    """The whole product with the demo; its process id."""
    ports = free_ports(4)
    words = ["--port", "--gate-port", "--live-port", "--smtp-port"]
    told = [word for pair in zip(words, map(str, ports), strict=True) for word in pair]
    program = [sys.executable, "-m", "noroshi", "up", "--demo", "--data", data, *told]
    ours = {*ROLE_URLS.values(), "DATABASE_URL"}
    clean = {
        name: value for name, value in os.environ.items()
        if name not in ours and not name.startswith("NOROSHI_")
    }  # fmt: skip
    process = subprocess.Popen(program, env=clean, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_S_MAX
        while not (Path(data) / "demo.json").exists() or not gate.is_open(ports[0]):
            assert process.poll() is None, "noroshi up ended"
            assert time.monotonic() < until, "noroshi up does not come up"
            time.sleep(0.2)
        yield process.pid
    finally:
        process.terminate()
        process.wait(STOP_S_MAX)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in taken]


def by_program(top: int) -> dict[str, float]:
    """Bytes of each program below `top`, with all of its own processes."""
    found: dict[str, float] = defaultdict(float)
    found["up"] = pss(top)
    for child in gate.family(top)[1:]:
        name = name_of(child)
        if name != "postgres":
            found[name] += sum(map(pss, tree(child)))
    return dict(found)


def name_of(pid: int) -> str:
    """What a program was started as."""
    words = words_of(pid)
    if "noroshi" in words[:-1]:
        return words[words.index("noroshi") + 1]
    return "postgres" if words and "postgres" in words[0] else "up"


def words_of(pid: int) -> list[str]:
    """The command line of a process; empty when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return []


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children = gate.family(pid)[1:]
    return [pid, *(one for child in children for one in tree(child))]


def postmaster(data: Path) -> int:
    """The database's first process."""
    (file,) = data.glob("postgres/*/postmaster.pid")
    return int(file.read_text().split()[0])


def pss(pid: int) -> float:
    """Bytes of a process, with its share of what it shares; 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    return 0.0


def gate_under_load(database_url: str) -> float:
    """The most that a gate holds while LOAD_CONNECTIONS post as fast as it answers."""
    program = [sys.executable, "-m", "noroshi.gate.main"]
    most, over = [0.0], threading.Event()
    with (
        gate.a_connection(database_url) as token,
        gate.a_gate(program, database_url) as (pid, port),
    ):

        def look() -> None:
            while not over.wait(LOOK_S):
                most[0] = max(most[0], sum(map(pss, tree(pid))))

        looking = threading.Thread(target=look)
        looking.start()
        try:
            told = gate.load(port, token, LOAD_CONNECTIONS, LOAD_S)
        finally:
            over.set()
            looking.join()
    print(f"memory: a gate at {gate.rate(told):.0f} uplinks/s {most[0] / MB:.1f} MB")
    return most[0]


if __name__ == "__main__":
    found = idle()
    tell(found)
    print(f"memory: together   {sum(found.values()) / MB:7.1f} MB")
