"""Failpoints are off in life, known by name, and refused where nobody said fault run."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import noroshi
from noroshi.base import environment, failpoints
from noroshi.base.environment import BadSetting
from noroshi.base.failpoints import (
    CLOSING,
    GATE,
    HOOKS,
    NAMES,
    RETENTION,
    SENDER,
    SPINE,
    TELLING,
    BadFailpoint,
    FailpointHit,
    Wanted,
)

HOUSE = Path(noroshi.__file__).parent
PLACE = re.compile(r'failpoints\.at\("([a-z._]+)"\)')


def test_in_life_a_place_does_nothing() -> None:
    assert failpoints.at is failpoints.nothing
    assert failpoints.bound("") is failpoints.nothing


def test_every_name_is_a_place_in_the_code_and_every_place_has_a_name() -> None:
    places = [
        name
        for path in HOUSE.rglob("*.py")
        if path.name != "failpoints.py"
        for name in PLACE.findall(path.read_text(encoding="utf-8"))
    ]
    assert set(places) == NAMES
    assert len(NAMES) >= 40
    parts = (SPINE, SENDER, HOOKS, CLOSING, RETENTION, TELLING, GATE)
    assert len(NAMES) == sum(map(len, parts))


def test_what_is_wanted_is_read_from_one_line() -> None:
    wanted = failpoints.read("spine.read=kill:0.01, send.written=sleep:1:0.2,close.taken=raise")
    assert wanted == {
        "spine.read": Wanted("kill", 0.01),
        "send.written": Wanted("sleep", 1.0, 0.2),
        "close.taken": Wanted("raise"),
    }


@pytest.mark.parametrize("text", ["spine.red=kill", "spine.read=die", "spine.read=kill:often"])
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(BadFailpoint):
        failpoints.read(text)
    with pytest.raises(BadSetting):
        failpoints.bound(text)


def test_a_run_that_is_no_fault_run_does_not_start() -> None:
    with pytest.raises(BadSetting, match="NOROSHI_FAULT_RUN=1"):
        environment.failpoints({"NOROSHI_FAILPOINTS": "spine.read=kill"})
    told = {"NOROSHI_FAILPOINTS": "spine.read=kill", "NOROSHI_FAULT_RUN": "1"}
    assert environment.failpoints(told) == "spine.read=kill"
    argv = [sys.executable, "-c", "import noroshi.base.failpoints"]
    told.pop("NOROSHI_FAULT_RUN")
    done = subprocess.run(argv, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_raise_and_sleep_do_what_they_say_by_their_chance() -> None:
    at = failpoints.armed(failpoints.read("spine.read=raise,spine.told=sleep:1:0.05"))
    with pytest.raises(FailpointHit, match=r"spine\.read"):
        at("spine.read")
    begun = time.monotonic()
    at("spine.told")
    assert time.monotonic() - begun >= 0.05
    at("spine.moved")
    never = failpoints.armed({"spine.read": Wanted("raise", 0.0)})
    for _ in range(100):
        never("spine.read")
