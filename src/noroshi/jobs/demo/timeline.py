"""When each terminal sends, with which counter: the past by the clock, the present at demo pace."""

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from noroshi.jobs.demo import samples, sky, story, weather
from noroshi.jobs.demo.cast import STRANGER, TYPES, DemoDevice
from noroshi.jobs.demo.noise import Noise
from noroshi.jobs.demo.sky import DAY_S, HOUR_S
from noroshi.jobs.demo.weather import World

INTERVAL_S = {kind.slug: kind.interval_s for kind in TYPES}
LIVE_S = {"cold_store": 14.0, "greenhouse": 22.0, "paddy": 26.0, "door": 37.0, "trap": 19.0}
WARM_S = 10.0  # the one whose door is left open reports as often as the story allows
STRANGER_TIMES, STRANGER_EVERY_S, STRANGER_AFTER_S = 8, 60, 20
OPENINGS = {5: 4, 6: 1}  # by weekday; 12 on the others


@dataclass(frozen=True, slots=True)
class Message:
    """One radio message; `number` counts the terminal's from a year before the origin on.

    `of_day` counts those of its day in Japan.
    """

    device: DemoDevice
    at: datetime
    number: int
    of_day: int
    sample: samples.Sample
    is_live: bool = False


class Timeline:
    """Every message of one terminal, past and present."""

    def __init__(self, world: World, device: DemoDevice) -> None:
        """Lay out its year; a door's comings and goings are drawn once."""
        self.world = world
        self.device = device
        self.begins_s = (world.origin - weather.PAST).timestamp()
        self.origin_s = world.origin.timestamp()
        self.interval_s = float(INTERVAL_S[device.slug])
        self.live_s = WARM_S if device.character == "warm" else LIVE_S[device.slug]
        self.live_s *= world.noise.between(1.0, 1.12, device.address, "pace")
        self.lag_s = self.interval_s * world.noise.unit(device.address, "lag")
        self.moves = _moves(world, device) if device.slug == "door" else []
        self.past_count = self._first_at(self.origin_s) if not self.moves else len(self.moves)

    def past(self, after: datetime, until: datetime) -> Iterator[Message]:
        """The messages from `after` up to before `until`, in order, at the type's own interval."""
        after_s, until_s = after.timestamp(), until.timestamp()
        yield from self._by_the_clock(after_s, min(until_s, self._ends_s()))
        if until_s > self.origin_s and self.device.character != "silent":
            stride = max(1, round(self.interval_s / self.live_s)) | 1
            yield from self._at_demo_pace(after_s, until_s, stride, None)

    def live(self, after: datetime, until: datetime, told: story.Story) -> Iterator[Message]:
        """The messages from `after` up to before `until` at demo pace."""
        if self.device.character != "silent":
            yield from self._at_demo_pace(after.timestamp(), until.timestamp(), 1, told)

    def _ends_s(self) -> float:
        if self.device.character == "silent":
            return self.origin_s - weather.SILENT_FOR.total_seconds()
        return self.origin_s

    def _by_the_clock(self, after_s: float, until_s: float) -> Iterator[Message]:
        if self.moves:
            first = bisect_left(self.moves, after_s, key=_when)
            for number in range(first, bisect_left(self.moves, until_s, key=_when)):
                move = self.moves[number]
                mv = weather.battery_mv(self.world, self.device, move.at_s)
                yield self._message(
                    move.at_s, number, samples.Door(move.is_open, move.openings, mv)
                )
            return
        number = self._first_at(after_s)
        while (at_s := self._clock_s(number)) < until_s:
            if at_s >= after_s:
                sample = weather.measure(self.world, self.device, _instant(at_s))
                yield self._message(at_s, number, sample)
            number += 1

    def _at_demo_pace(
        self, after_s: float, until_s: float, stride: int, told: story.Story | None
    ) -> Iterator[Message]:
        turn = max(0, math.floor((after_s - self.origin_s) / self.live_s) - stride)
        turn += -turn % stride
        while (at_s := self._live_at_s(turn)) < until_s:
            if at_s >= max(after_s, self.origin_s):
                sample = self._now(at_s, turn)
                if told is not None:
                    sample = told.change(self.device, at_s, sample)
                yield self._message(at_s, self.past_count + turn, sample, is_live=True)
            turn += stride

    def _now(self, at_s: float, turn: int) -> samples.Sample:
        if self.device.slug != "door":
            return weather.measure(self.world, self.device, _instant(at_s))
        openings = self.moves[-1].openings + (turn + 1) // 2
        mv = weather.battery_mv(self.world, self.device, at_s)
        return samples.Door(turn % 2 == 1, openings & 0xFFFF, mv)

    def _clock_s(self, number: int) -> float:
        drift = self.world.noise.between(0, 0.02, self.device.address, "wakes", number)
        return self.begins_s + self.lag_s + (number + drift) * self.interval_s

    def _first_at(self, after_s: float) -> int:
        """The number of the first message at or after that instant."""
        number = max(0, math.floor((after_s - self.begins_s - self.lag_s) / self.interval_s))
        return number if self._clock_s(number) >= after_s else number + 1

    def _live_at_s(self, turn: int) -> float:
        drift = self.world.noise.between(0, 0.2, self.device.address, "live", turn)
        return self.origin_s + (turn + 0.3 + drift) * self.live_s

    def _message(
        self, at_s: float, number: int, sample: samples.Sample, *, is_live: bool = False
    ) -> Message:
        of_day = number - self._number_at(at_s - (at_s + sky.JST_S) % DAY_S)
        return Message(self.device, _instant(at_s), number, of_day, sample, is_live)

    def _number_at(self, after_s: float) -> int:
        """The number of the first message at or after that instant, past or present."""
        if after_s >= self.origin_s:
            turn = max(0, math.floor((after_s - self.origin_s) / self.live_s) - 1)
            while self._live_at_s(turn) < after_s:
                turn += 1
            return self.past_count + turn
        if self.moves:
            return bisect_left(self.moves, after_s, key=_when)
        return self._first_at(after_s)


@dataclass(frozen=True, slots=True, order=True)
class _Move:
    at_s: float
    is_open: bool
    openings: int = field(compare=False)


def _moves(world: World, device: DemoDevice) -> list[_Move]:
    """A year of a door: opened and closed at working hours, and a sign of life each hour."""
    begins, ends = (world.origin - weather.PAST).timestamp(), world.origin.timestamp()
    events: list[tuple[float, bool | None]] = []
    for day in range(sky.moment(begins).day, sky.moment(ends).day + 1):
        midnight = day * DAY_S - sky.JST_S
        events += _walks(world.noise, device.address, day)
        minute = 3600 * world.noise.unit(device.address, "sign of life")
        events += [(midnight + hour * HOUR_S + minute, None) for hour in range(24)]
    events = sorted(event for event in events if begins <= event[0] < ends)
    moves, is_open, openings = [], False, 0
    for at_s, change in sorted(events, key=lambda event: event[0]):
        if change is not None:
            is_open, openings = change, openings + change
        moves.append(_Move(at_s, is_open, openings & 0xFFFF))
    return moves


def _walks(noise: Noise, name: str, day: int) -> list[tuple[float, bool | None]]:
    """The openings and closings of one day, never one within another."""
    midnight = day * DAY_S - sky.JST_S
    count = OPENINGS.get(sky.moment(midnight).weekday, 12)
    slot_s = (weather.WORK_ENDS - weather.WORK_BEGINS) * HOUR_S / count
    walks: list[tuple[float, bool | None]] = []
    for slot in range(count):
        if noise.unit(name, "walk", day, slot) < 0.2:
            continue
        start = midnight + weather.WORK_BEGINS * HOUR_S + slot * slot_s
        opened = start + 0.5 * slot_s * noise.unit(name, "opened", day, slot)
        stays_s = 20 + 0.4 * slot_s * noise.unit(name, "stays", day, slot) ** 3
        walks += [(opened, True), (opened + stays_s, False)]
    return walks


def _when(move: _Move) -> float:
    return move.at_s


def _instant(at_s: float) -> datetime:
    return datetime.fromtimestamp(round(at_s, 3), UTC)


def strangers(world: World, began: datetime) -> list[Message]:
    """What the terminal that nobody registered sends in one run: a few messages, a minute apart."""
    found = []
    for turn in range(STRANGER_TIMES):
        at = began + timedelta(seconds=STRANGER_AFTER_S + STRANGER_EVERY_S * turn)
        number = int((at - world.origin).total_seconds() // STRANGER_EVERY_S) + 1
        sample = weather.measure(world, STRANGER, at)
        found.append(Message(STRANGER, at, number, number, sample, is_live=True))
    return found
