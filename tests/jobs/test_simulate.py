"""The demo's networks: nothing lost, nothing sent anew, and what they remember in files."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.jobs.demo import radio
from noroshi.jobs.demo.cast import DEVICES, NETWORKS
from noroshi.jobs.demo.live import Live
from noroshi.jobs.demo.noise import Noise
from noroshi.jobs.demo.notes import Notes, write_notes
from noroshi.jobs.demo.progress import FILE, read_progress
from noroshi.jobs.demo.sender import Target
from noroshi.jobs.demo.state import State, read_state
from noroshi.jobs.demo.timeline import Timeline
from noroshi.jobs.demo.weather import World
from noroshi.jobs.simulate import Options, Simulation, read_options, tokens

ORIGIN = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
DAY = timedelta(days=1)


class FakeGate:
    """Closes the first connections, answers the next requests 503, then takes what comes."""

    def __init__(self, *, closed: int = 0, busy: int = 0, downlink: bytes = b"") -> None:
        self.closed, self.busy, self.downlink = closed, busy, downlink
        self.taken: Counter[tuple[str, bytes]] = Counter()
        self.turned_away = 0
        self.guests = 0

    async def all_gone(self) -> None:
        while self.guests:
            await asyncio.sleep(0.01)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.guests += 1
        try:
            if self.closed > 0:
                self.closed -= 1
                return
            while await self.answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self.guests -= 1

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("Content-Len")
        )
        path, body = head.split(" ", 2)[1], await reader.readexactly(length)
        if self.busy > 0:
            self.busy -= 1
            self.turned_away += 1
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno")
            return True
        self.taken[path, body] += 1
        if path.endswith("/bidir") and self.downlink:
            size = str(len(self.downlink)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: " + size + b"\r\n\r\n" + self.downlink
            )
        elif path.endswith("/bidir"):
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True


def against(gate: FakeGate, scenario: Callable[[str], Awaitable[None]]) -> None:
    async def run() -> None:
        server = await asyncio.start_server(gate.meet, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            async with asyncio.timeout(40):
                await scenario(f"http://127.0.0.1:{port}")
                await gate.all_gone()

    asyncio.run(run())


@pytest.fixture
def var(tmp_path: Path) -> Path:
    known = {network: f"token-{network}" for network in NETWORKS}
    write_notes(tmp_path, Notes(known, "demo", "x", "office", "y"))
    return tmp_path


def options(url: str, var: Path, *, history_days: int = 0) -> Options:
    return Options(gate=url, var=var, is_once=True, history_days=history_days, rate=1e6, seed=1)


def test_a_gate_that_is_away_at_first_gets_each_message(var: Path) -> None:
    gate = FakeGate(closed=5, busy=20)

    async def scenario(url: str) -> None:
        await Simulation(options(url, var), now=ORIGIN).run()

    against(gate, scenario)
    told = read_progress(var)
    assert told is not None
    assert gate.turned_away == 20
    assert len(gate.taken) == sum(told.distinct.values())
    assert sum(gate.taken.values()) == told.acknowledged == len(gate.taken) + told.repeats
    assert told.repeats > 5
    assert told.sent >= told.acknowledged + 20
    assert not told.is_waiting
    assert set(told.distinct) == set(NETWORKS)
    assert 1_300 < told.acknowledged < 2_200
    assert {path.split("/")[2].split("?")[0] for path, _ in gate.taken} == {
        f"token-{network}" for network in NETWORKS
    }


def test_messages_of_a_terminal_arrive_in_the_order_of_their_time(var: Path) -> None:
    gate = FakeGate()

    async def scenario(url: str) -> None:
        await Simulation(options(url, var), now=ORIGIN).run()

    against(gate, scenario)
    times = [json.loads(body)["time"] for path, body in gate.taken if b"a840411b2c3d0001" in body]
    assert len(times) > 180
    assert times == sorted(times)


def test_history_goes_on_where_it_was_stopped_and_is_not_sent_again(var: Path) -> None:
    gate = FakeGate()

    async def scenario(url: str) -> None:
        wanted = options(url, var, history_days=4)
        first = Simulation(wanted, now=ORIGIN)
        task = asyncio.create_task(first.history())
        while first.state.history_done < 300:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        first.note()
        stopped_at = first.state.history_done
        second = Simulation(wanted, now=ORIGIN + timedelta(minutes=5))
        assert second.state.origin == ORIGIN
        await second.history()
        second.note()
        assert second.state.history_done > stopped_at
        taken = gate.taken.total()
        third = Simulation(wanted, now=ORIGIN + timedelta(minutes=6))
        await third.history()
        assert gate.taken.total() == taken  # complete: nothing is sent again

    against(gate, scenario)
    told = read_progress(var)
    assert told is not None
    assert told.phase == "live"
    assert told.percent == 100
    assert len(gate.taken) == sum(told.distinct.values())
    # At most the chunk under way when it was stopped came a second time.
    assert gate.taken.total() - told.acknowledged < 200


def test_a_restart_sends_only_what_was_missed(var: Path) -> None:
    gate = FakeGate()

    async def scenario(url: str) -> None:
        await Simulation(options(url, var), now=ORIGIN).run()
        before = gate.taken.total()
        await Simulation(options(url, var), now=ORIGIN + timedelta(hours=2)).run()
        assert 30 < gate.taken.total() - before < 200

    against(gate, scenario)
    state = read_state(var, seed=1, now=ORIGIN + DAY)
    assert state.reached == ORIGIN + timedelta(hours=2)
    assert len(gate.taken) == sum(state.distinct.values())


def test_the_present_reports_strangers_and_a_downlink_is_acknowledged(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "ACKNOWLEDGE_AFTER", timedelta(seconds=0.1))
    gate = FakeGate(downlink=b'{"4D9A52":{"downlinkData":"0011223344556677"}}')

    async def scenario(url: str) -> None:
        now = datetime.now(UTC)
        world = World(Noise(1), now - timedelta(minutes=10))
        state = State(world.origin, 1)
        lines = [Timeline(world, device) for device in DEVICES]
        live = Live(world, lines, Target(url, lambda: tokens(var)), state)
        # Begun six minutes ago, so that one turn of the terminal that asks is among them.
        task = asyncio.create_task(live.run(now - timedelta(minutes=6)))
        while not any("/acknowledge" in path for path, _ in gate.taken):
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert state.reached is not None
        assert state.reached >= now

    against(gate, scenario)
    paths = {path.split("/", 3)[-1] for path, _ in gate.taken}
    assert {"acknowledge", "bidir", "uplink", "advanced", "up"} <= paths


# Files and words.


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"phase": "live"}', "null"])
def test_progress_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    assert read_progress(tmp_path) is None
    (tmp_path / FILE).write_text(text)
    assert read_progress(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"origin": 3}', '{"origin": "x"}'])
def test_a_state_that_cannot_be_read_begins_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "simulate-state.json").write_text(text)
    assert read_state(tmp_path, seed=1, now=ORIGIN) == State(ORIGIN, 1)


@given(st.lists(st.sampled_from(["--history-days=366", "--history-days=-1", "--history-rate=0"])))
@settings(max_examples=10)
def test_an_option_out_of_range_ends_with_status_two(words: list[str]) -> None:
    if not words:
        assert read_options(words).history_days == 365
        return
    with pytest.raises(SystemExit) as ended:
        read_options(words)
    assert ended.value.code == 2


def test_without_a_demo_it_says_so_in_one_line(tmp_path: Path) -> None:
    environment = os.environ | {"NOROSHI_VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "noroshi", "simulate", "--once"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "noroshi up --demo" in done.stderr


def test_a_signal_ends_it_cleanly_while_the_gate_is_away(var: Path) -> None:
    argv = [sys.executable, "-m", "noroshi", "simulate", "--gate=http://127.0.0.1:1"]
    environment = os.environ | {"NOROSHI_VAR": str(var)}
    with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        while "trying again" not in (line := running.stderr.readline()):
            assert line, "it ended by itself"
        running.terminate()
        assert running.wait(timeout=10) == 0
    told = read_progress(var)
    assert told is not None
    assert told.is_waiting
    assert told.acknowledged == 0
