"""The supervisor with small real programs: deaths, restarts, order of stopping, no orphans."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from noroshi.jobs.supervisor import Program, Supervisor

PATIENCE_S = 20.0
REPAIR_S_MAX = 3.0


def python(name: str, code: str, *, is_once: bool = False) -> Program:
    return Program(name, (sys.executable, "-u", "-c", textwrap.dedent(code)), is_once=is_once)


def wait_for(condition: Callable[[], object], supervisor: Supervisor | None = None) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE_S, "it did not come to pass"
        if supervisor is None:
            time.sleep(0.02)
        else:
            supervisor.tend()
    return time.monotonic() - began


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


SLEEPER = """
    import os, time
    print("up", os.getpid())
    time.sleep(600)
"""


class House:
    """A supervisor over some programs, what it said, and their logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor: Supervisor | None = None

    def run(self, *programs: Program) -> Supervisor:
        self.supervisor = Supervisor(
            list(programs), log_dir=self.folder, environment=os.environ, say=self.said.append
        )
        self.supervisor.start()
        return self.supervisor

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def starts(self, name: str) -> list[int]:
        return [int(line.split()[1]) for line in self.log(name).splitlines() if line[:3] == "up "]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    if house.supervisor is not None:
        house.supervisor.stop([])


def test_a_program_that_is_killed_runs_again_within_three_seconds(house: House) -> None:
    supervisor = house.run(python("web", SLEEPER))
    wait_for(lambda: len(house.starts("web")) == 1, supervisor)
    for number in range(2, 5):  # also when it is killed again and again
        os.kill(house.starts("web")[-1], signal.SIGKILL)
        took = wait_for(lambda n=number: len(house.starts("web")) == n, supervisor)
        assert took < REPAIR_S_MAX
    assert house.said[0] == "web was ended by SIGKILL; starting it again"


def test_the_children_of_a_killed_program_do_not_outlive_it(house: House) -> None:
    code = """
        import os, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print("up", os.getpid()); print("child", child.pid)
        time.sleep(600)
    """
    supervisor = house.run(python("web", code))
    wait_for(lambda: "child" in house.log("web"), supervisor)
    child = int(house.log("web").splitlines()[1].split()[1])
    os.kill(house.starts("web")[0], signal.SIGKILL)
    wait_for(lambda: len(house.starts("web")) == 2, supervisor)
    assert not is_alive(child)


def test_a_program_that_always_fails_is_told_once_with_its_last_error(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = (0.0, 0.1, 0.1, 0.1, 0.1)
    monkeypatch.setattr("noroshi.jobs.supervisor.RESTART_AFTER_S", quick)
    code = "raise ValueError('the cupboard is bare')"
    supervisor = house.run(python("tick", code))
    wait_for(lambda: len(house.log("tick").split("Traceback")) >= 8, supervisor)
    told = [line for line in house.said if "again and again" in line]
    assert len(told) == 1
    assert "tick fails again and again (ended with code 1): ValueError: the cupboard" in told[0]
    assert str(house.folder / "tick.log") in told[0]


def test_a_program_that_may_end_well_is_not_started_again(house: House) -> None:
    supervisor = house.run(python("load", "print('up 1')", is_once=True))
    wait_for(lambda: house.starts("load"), supervisor)
    for _ in range(5):
        supervisor.tend()
    assert house.starts("load") == [1]
    assert house.said == []


def test_programs_stop_in_the_order_asked_for_and_a_deaf_one_is_killed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noroshi.jobs.supervisor.STOP_S_MAX", 0.5)
    code = """
        import os, signal, sys, time
        def end(*_):
            print("ended", time.monotonic()); sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("up", os.getpid())
        time.sleep(600)
    """
    deaf = code.replace("end)", "signal.SIG_IGN)")
    supervisor = house.run(python("gate", code), python("web", code), python("deaf", deaf))
    for name in ("gate", "web", "deaf"):
        wait_for(lambda n=name: house.starts(n), supervisor)
    supervisor.stop(["web", "gate"])
    ends = [float(house.log(name).split("ended ")[1]) for name in ("web", "gate")]
    assert ends == sorted(ends)
    assert not is_alive(house.starts("deaf")[0])
    assert house.said == ["deaf did not stop in time; it was killed"]


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from noroshi.jobs.supervisor import Program, Supervisor
        nest = ("import os, subprocess, sys, time\\n"
                "nap = 'import time; time.sleep(600)'\\n"
                "child = subprocess.Popen([sys.executable, '-c', nap])\\n"
                "print('up', os.getpid()); print('up', child.pid); time.sleep(600)")
        program = Program("web", (sys.executable, "-u", "-c", nest))
        supervisor = Supervisor(
            [program], log_dir=Path(sys.argv[1]), environment=os.environ, say=print
        )
        supervisor.start()
        while True:
            supervisor.tend()
    """
    argv = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    log = tmp_path / "web.log"
    with subprocess.Popen(argv) as supervisor:
        wait_for(lambda: log.exists() and log.read_text(encoding="utf-8").count("up ") == 2)
        supervisor.kill()
    pids = [int(line.split()[1]) for line in log.read_text(encoding="utf-8").splitlines()]
    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def test_a_full_log_is_turned_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noroshi.jobs.running_log.BYTES_MAX", 1000)
    code = """
        import time
        for n in range(400):
            print("line", n)
        print("up 1")
        time.sleep(600)
    """
    supervisor = house.run(python("work", code))
    wait_for(lambda: "up 1" in house.log("work"), supervisor)
    sizes = [file.stat().st_size for file in house.folder.glob("work.log*")]
    assert len(sizes) == 3
    assert max(sizes) < 1100
