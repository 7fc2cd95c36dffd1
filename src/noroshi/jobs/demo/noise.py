"""Chance that is the same on every run: numbers hashed from names, and curves through them."""

import math
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Noise:
    """All chance of one demo world; another seed is another world."""

    seed: int

    def unit(self, *parts: object) -> float:
        """A number from 0 up to 1 that belongs to these parts for ever."""
        told = "/".join(map(str, parts)).encode()
        key = (self.seed % 2**64).to_bytes(8, "big")
        return int.from_bytes(blake2b(told, digest_size=6, key=key).digest(), "big") / 2**48

    def between(self, low: float, high: float, *parts: object) -> float:
        """A number from low up to high that belongs to these parts."""
        return low + (high - low) * self.unit(*parts)

    def smooth(self, name: str, x: float) -> float:
        """A curve from -1 to 1 that bends about once each time x grows by 1."""
        whole = math.floor(x)
        part = x - whole
        left, right = _knot(self, name, whole), _knot(self, name, whole + 1)
        return left + (right - left) * part * part * (3 - 2 * part)


@lru_cache(maxsize=20_000)
def _knot(noise: Noise, name: str, number: int) -> float:
    return 2 * noise.unit(name, number) - 1


def step(low: float, high: float, x: float) -> float:
    """0 below low, 1 above high, a soft rise between them."""
    part = min(1.0, max(0.0, (x - low) / (high - low)))
    return part * part * (3 - 2 * part)


def tooth(phase: float, *, rise: float) -> float:
    """A saw tooth from 0 to 1 and back in one turn: up during the part `rise`, then slowly down."""
    part = phase % 1.0
    if part < rise:
        return step(0.0, rise, part)
    return (1.0 - part) / (1.0 - rise)
