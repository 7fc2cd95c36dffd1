"""What happens while somebody watches: a door left open, a trap that springs."""

from dataclasses import dataclass, replace

from noroshi.jobs.demo import samples
from noroshi.jobs.demo.cast import DemoDevice
from noroshi.jobs.demo.noise import step

WARM_AFTER_S = 60.0
WARM_EVERY_S = 12 * 60.0
WARM_C = 12.6
WARM_HUMIDITY = 93.0
SPRUNG_AFTER_S = 3 * 60.0
SPRUNG_FOR_S = 4 * 60.0
SPRUNG_EVERY_S = 30 * 60.0
SPRINGING = "2B7701"


@dataclass(frozen=True, slots=True)
class Story:
    """The events of one run, counted from its start (Unix seconds)."""

    began_s: float

    def change(self, device: DemoDevice, unix_s: float, sample: samples.Sample) -> samples.Sample:
        """The sample as the story wants it; most are left alone."""
        since_s = unix_s - self.began_s
        if isinstance(sample, samples.ColdStore) and device.character == "warm":
            part = self.warm_part(since_s)
            return replace(
                sample,
                temperature=sample.temperature + part * (WARM_C - sample.temperature),
                humidity=sample.humidity + part * (WARM_HUMIDITY - sample.humidity),
            )
        if isinstance(sample, samples.Trap) and device.address == SPRINGING:
            into_s = (since_s - SPRUNG_AFTER_S) % SPRUNG_EVERY_S
            has_sprung = since_s >= SPRUNG_AFTER_S and into_s < SPRUNG_FOR_S
            return replace(sample, has_sprung=has_sprung, is_tilted=False)
        return sample

    def warm_part(self, since_s: float) -> float:
        """How far the store has become as warm as the room, 0 to 1."""
        if since_s < WARM_AFTER_S:
            return 0.0
        into_s = (since_s - WARM_AFTER_S) % WARM_EVERY_S
        return step(0, 55, into_s) * (1 - step(150, 290, into_s))
