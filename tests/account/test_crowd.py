"""T56: many who sign in at one moment do not eat the machine; who is too many is told at once."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from noroshi import account
from noroshi.tenants.hashers import AT_A_TIME_MAX, WAITING_MAX, Gate, TooBusy

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(account.__file__).parent / "templates"
GROWTH_KIB_MAX = 200 * 1024


def test_t56_two_hundred_sign_ins_at_once_stay_below_200_mb() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.account.crowd", str(TEMPLATES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    answers = found["answers"]
    assert sum(answers.values()) == 200
    assert set(answers) <= {"200 in", "200 wrong", "503 busy 3"}
    served = answers.get("200 in", 0) + answers.get("200 wrong", 0)
    assert served >= AT_A_TIME_MAX + WAITING_MAX
    assert answers["503 busy 3"] > 0
    assert found["grown_kib"] < GROWTH_KIB_MAX


def test_no_more_are_inside_than_there_are_seats_and_nobody_waits_beyond_the_queue() -> None:
    gate = Gate(at_a_time_max=2, waiting_max=3)
    inside, most, refused = [0], [0], []
    leave, full, count = threading.Event(), threading.Event(), threading.Lock()

    def work() -> None:
        with count:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            if inside[0] == 2:
                full.set()
        leave.wait()
        with count:
            inside[0] -= 1

    def come() -> None:
        try:
            gate.through(work)
        except TooBusy:
            refused.append(1)
            if len(refused) == 5:
                full.wait(10)  # both seats are taken before anybody leaves
                leave.set()

    people = [threading.Thread(target=come) for _one in range(10)]
    for one in people:
        one.start()
    for one in people:
        one.join(timeout=10)
    assert (most[0], len(refused), inside[0]) == (2, 5, 0)


def test_the_gate_opens_again_after_an_error() -> None:
    gate = Gate(at_a_time_max=1, waiting_max=0)
    for _again in range(3):
        with pytest.raises(ZeroDivisionError):
            gate.through(lambda: 1 // 0)
    assert gate.through(lambda: 7) == 7
