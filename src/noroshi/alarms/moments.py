"""What a batch brought, as rules look at it: by device and quantity, and by instants."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from noroshi.alarms.conditions import COUNTER, GATEWAYS, HEARD, RSSI, SNR
from noroshi.alarms.looks import Value
from noroshi.devices.heartbeats import Beat
from noroshi.readings.store import Kept

Numbers = dict[tuple[int, str], list[tuple[datetime, float]]]
Moment = tuple[datetime, tuple[Value | None, ...]]

OF_BEATS: dict[str, Callable[[Beat], float | None]] = {
    HEARD: lambda _beat: 1.0,
    RSSI: lambda beat: beat.rssi_dbm,
    SNR: lambda beat: beat.snr_db,
    GATEWAYS: lambda beat: beat.gateways,
    COUNTER: lambda beat: beat.counter,
}


@dataclass(slots=True)
class Told:
    """The readings of a batch that are not late, by device and key, and its signs of life."""

    numbers: Numbers = field(default_factory=lambda: defaultdict(list))
    loose: dict[tuple[int, str], list[tuple[datetime, Value]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    beats: Sequence[Beat] = ()
    _by_device: dict[int, list[Beat]] = field(default_factory=dict)

    @property
    def devices(self) -> list[int]:
        """Whose rules may be concerned."""
        found = {device_id for device_id, _ in self.numbers}
        found.update(device_id for device_id, _ in self.loose)
        found.update(beat.device_id for beat in self.beats)
        return list(found)

    def moments(self, device_id: int, keys: Sequence[str]) -> list[Moment]:
        """The instants at which one of the quantities came, oldest first."""
        if len(keys) == 1:
            return [(at, (value,)) for at, value in sorted(self._of(device_id, keys[0]), key=_at)]
        found: dict[datetime, list[Value | None]] = {}
        for place, key in enumerate(keys):
            for at, value in self._of(device_id, key):
                found.setdefault(at, [None] * len(keys))[place] = value
        return [(at, tuple(values)) for at, values in sorted(found.items())]

    def _of(self, device_id: int, key: str) -> Sequence[tuple[datetime, Value]]:
        if (read := OF_BEATS.get(key)) is not None:
            return [
                (beat.sent_at, float(value))
                for beat in self._beats_of(device_id)
                if (value := read(beat)) is not None
            ]
        name = (device_id, key)
        return [*self.numbers.get(name, ()), *self.loose.get(name, ())]

    def _beats_of(self, device_id: int) -> Sequence[Beat]:
        if not self._by_device:
            for beat in self.beats:
                self._by_device.setdefault(beat.device_id, []).append(beat)
        return self._by_device.get(device_id, ())


def told_by(kept: Sequence[Kept], beats: Sequence[Beat]) -> Told:
    """A batch as the rules look at it; a truth value is 0 or 1."""
    told = Told(beats=beats)
    for one in kept:
        point = one.point
        if one.is_late:
            continue
        if isinstance(point.value, int | float):
            told.numbers[point.device_id, point.key].append((point.at, float(point.value)))
        else:
            told.loose[point.device_id, point.key].append((point.at, point.value))
    return told


def _at(one: tuple[datetime, Value]) -> datetime:
    return one[0]
