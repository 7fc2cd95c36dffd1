"""The program `noroshi simulate`: be the networks, and post what the demo's terminals send."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from noroshi.base import environment
from noroshi.jobs.demo.cast import DEVICES
from noroshi.jobs.demo.live import Live
from noroshi.jobs.demo.noise import Noise
from noroshi.jobs.demo.notes import read_notes
from noroshi.jobs.demo.progress import Progress, write_progress
from noroshi.jobs.demo.sender import Target
from noroshi.jobs.demo.state import State, read_state, write_state
from noroshi.jobs.demo.timeline import Timeline
from noroshi.jobs.demo.walk import Pace, Walk
from noroshi.jobs.demo.weather import PAST, World

RECENT = timedelta(days=2)
GAP_MAX = timedelta(days=31)  # what a stopped demo fills in when it starts again
RECENT_CHUNK, HISTORY_CHUNK = timedelta(hours=2), timedelta(hours=3)
RECENT_LANES, HISTORY_LANES = 8, 6
RECENT_RATE = 5000.0
NOTED_EVERY_S = 1.0

log = logging.getLogger("noroshi.simulate")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; `rate` is callbacks of the history a second."""

    gate: str
    var: Path
    is_once: bool
    history_days: int
    rate: float
    seed: int


def main() -> None:
    """Send until SIGTERM or SIGINT, or with --once until the last two days are in."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    options = read_options(sys.argv[1:])
    if not tokens(options.var):
        raise SystemExit(
            f"noroshi simulate: no demo in {options.var}; `noroshi up --demo` makes one."
        )
    asyncio.run(run_until_stopped(options))


def read_options(words: list[str]) -> Options:
    """The command line over the environment."""
    env = environment.read()
    parser = argparse.ArgumentParser("noroshi simulate", description=__doc__)
    parser.add_argument("--once", action="store_true", help="send the last two days and end")
    parser.add_argument("--history-days", type=int, default=PAST.days, help="(%(default)s)")
    parser.add_argument("--history-rate", type=float, default=800.0, help="a second (%(default)s)")
    gate = f"http://{env.host}:{env.gate_port}"
    parser.add_argument("--gate", default=gate, help="address of the gate (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another number, another world")
    given = parser.parse_args(words)
    if not 0 <= given.history_days <= PAST.days:
        parser.error(f"--history-days: from 0 to {PAST.days}")
    if given.history_rate <= 0:
        parser.error("--history-rate: more than 0")
    return Options(
        given.gate, env.var, given.once, given.history_days, given.history_rate, given.seed
    )


def tokens(var: Path) -> dict[str, str]:
    """The tokens by network; none where the demo is not prepared."""
    notes = read_notes(var)
    return notes.tokens if notes else {}


async def run_until_stopped(options: Options) -> None:
    """Run in a task that a signal cancels."""
    task = asyncio.create_task(Simulation(options, now=datetime.now(UTC)).run())
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


class Simulation:
    """One run: the last days, then history and the present side by side."""

    def __init__(self, options: Options, *, now: datetime) -> None:
        """Go on where the state says, or begin with `now` as the origin."""
        self.options = options
        self.began = now
        self.state: State = read_state(options.var, seed=options.seed, now=now)
        self.world = World(Noise(options.seed), self.state.origin)
        self.timelines = [Timeline(self.world, device) for device in DEVICES]
        self.target = Target(options.gate, lambda: tokens(options.var))
        self.target.sent = self.state.sent
        self.phase = "recent"
        self.total = self.state.history_done
        self.rate = 0.0
        self._noted = (time.monotonic(), self.state.acknowledged)

    async def run(self) -> None:
        """Everything; notes the state a last time however it ends."""
        noting = asyncio.create_task(self._note_often())
        try:
            reached = await self.recent()
            if not self.options.is_once:
                await self.onward(reached)
        finally:
            noting.cancel()
            self.note()

    async def recent(self) -> datetime:
        """The last two days, or what was missed since the last run; how far it came."""
        state = self.state
        after = state.reached or state.origin - RECENT
        after = max(after, self.began - GAP_MAX)
        pace = Pace(RECENT_RATE)
        log.info("the last days first, from %s", f"{after:%Y-%m-%d %H:%M} UTC")
        async with self.walk(lanes=RECENT_LANES) as walk:
            while after < self.began:
                until = min(self.began, after + RECENT_CHUNK)
                state.count(await walk.send(after, until, pace))
                after = state.reached = until
        self.note()
        log.info("the last days are in: %d callbacks", state.acknowledged)
        return after

    async def onward(self, reached: datetime) -> None:
        """History and the present, until cancelled."""
        live = Live(self.world, self.timelines, self.target, self.state)
        async with asyncio.TaskGroup() as group:
            group.create_task(live.run(reached))
            group.create_task(self.history())

    async def history(self) -> None:
        """From a year ago to two days ago, slowly enough for the rest of the machine."""
        state, options = self.state, self.options
        begin, end = state.origin - timedelta(days=options.history_days), state.origin - RECENT
        after = max(begin, state.history_to or begin)
        pace = Pace(options.rate)
        told = _tenths(after, begin, end)
        async with self.walk(lanes=HISTORY_LANES) as walk:
            while after < end:
                self.phase = "history"
                until = min(end, after + HISTORY_CHUNK)
                acknowledged = await walk.send(after, until, pace)
                state.count(acknowledged)
                state.history_done += len(acknowledged)
                after = state.history_to = until
                self.total = round(state.history_done * (end - begin) / (after - begin))
                if (tenths := _tenths(after, begin, end)) > told:
                    told = tenths
                    log.info("history: %d %% at %.0f callbacks a second", 10 * tenths, self.rate)
        self.phase = "live"

    def walk(self, *, lanes: int) -> "contextlib.aclosing[Walk]":
        """A walk through the past that closes its connections at the end."""
        return contextlib.aclosing(Walk(self.world.noise, self.timelines, self.target, lanes=lanes))

    async def _note_often(self) -> None:
        while True:
            await asyncio.sleep(NOTED_EVERY_S)
            self.note()

    def note(self) -> None:
        """Write down where this run stands."""
        state, now = self.state, time.monotonic()
        state.sent = self.target.sent
        since, before = self._noted
        self.rate = (state.acknowledged - before) / max(0.001, now - since)
        self._noted = (now, state.acknowledged)
        write_state(self.options.var, state)
        write_progress(
            self.options.var,
            Progress(
                phase=self.phase,
                done=state.history_done,
                total=self.total,
                started_at=self.began.isoformat(),
                rate=round(self.rate, 1),
                sent=state.sent,
                acknowledged=state.acknowledged,
                repeats=state.repeats,
                distinct=dict(state.distinct),
                is_waiting=self.target.is_away,
            ),
        )


def _tenths(at: datetime, begin: datetime, end: datetime) -> int:
    """How many tenths of the span from begin to end lie before `at`."""
    return 10 if end <= begin else int(10 * ((at - begin) / (end - begin)))


if __name__ == "__main__":
    main()
