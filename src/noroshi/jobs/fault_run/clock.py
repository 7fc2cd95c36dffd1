"""The programs' clocks, which can jump where libfaketime is installed; the machine's own never."""

from collections.abc import Sequence
from pathlib import Path

PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
NAME = "libfaketimeMT.so.1"


class Clock:
    """What the programs take for now: as many seconds from the true time as were last told."""

    def __init__(self, folder: Path, places: Sequence[str] = PLACES) -> None:
        found = [path for place in places for path in sorted(Path(place).rglob(NAME))]
        self._library = found[0] if found else None
        self._file = folder / "clock"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to go by this clock; nothing where there is no such library."""
        if self._library is None:
            return {}
        self.jump(0.0)
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, seconds: float) -> None:
        """From now on the programs are so far from the true time."""
        self._file.write_text(f"{seconds:+.0f}\n", encoding="ascii")
