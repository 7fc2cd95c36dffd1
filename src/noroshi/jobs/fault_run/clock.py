"""The programs' clocks, which can jump where libfaketime works; the machine's own never."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
NAME = "libfaketimeMT.so.1"
PROBE = "import time; time.sleep(0.01); assert time.time() < 1e9"
PROBE_S_MAX = 5.0
LONG_AGO_S = -2e9


class Clock:
    """What the programs take for now: as many seconds from the true time as were last told.

    `reason` says why it cannot be, or nothing: some versions of the library break the sleep of
    newer Pythons, so it is tried first.
    """

    def __init__(self, folder: Path, places: Sequence[str] = PLACES) -> None:
        found = [path for place in places for path in sorted(Path(place).rglob(NAME))]
        self._file = folder / "clock"
        self.environment: dict[str, str] = {}  # what a program needs to go by this clock
        self.reason = "libfaketime is not installed"
        if found:
            wanted = {
                "LD_PRELOAD": str(found[0]),
                "FAKETIME_TIMESTAMP_FILE": str(self._file),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
            self.reason = "" if self._works(wanted) else "libfaketime does not fit this Python"
            self.environment = {} if self.reason else wanted

    def jump(self, seconds: float) -> None:
        """From now on the programs are so far from the true time."""
        self._file.write_text(f"{seconds:+.0f}\n", encoding="ascii")

    def _works(self, wanted: dict[str, str]) -> bool:
        self.jump(LONG_AGO_S)
        try:
            done = subprocess.run(  # noqa: S603 - our own words
                [sys.executable, "-c", PROBE],
                env=dict(os.environ) | wanted,
                check=False,
                capture_output=True,
                timeout=PROBE_S_MAX,
            )
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.jump(0.0)
        return done.returncode == 0
