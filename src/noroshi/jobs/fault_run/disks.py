"""Small disks for the spool and the database, which can be full for a while; for root only."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

ROOM = {"spool": "64m", "postgres": "4g"}
SPARE_BYTES = 256 << 10  # so much is left where a disk is full
MOUNT = ("/bin/mount", "/usr/bin/mount")


class Disks:
    """File systems in memory under a product's folder; none where that is not allowed."""

    def __init__(self, var: Path) -> None:
        self._places = {name: var / name for name in ROOM}
        self._mounted: list[str] = []

    def mount(self) -> str:
        """Before the product starts; why it cannot be, or nothing."""
        if os.geteuid() != 0:
            return "needs root"
        for name, place in self._places.items():
            place.mkdir(parents=True, exist_ok=True)
            words = ["-t", "tmpfs", "-o", f"size={ROOM[name]},mode=0700", "tmpfs", str(place)]
            if not _mount(words):
                self.unmount()
                return "mount is not allowed here"
            self._mounted.append(name)
        return ""

    def fill(self, name: str) -> None:
        """From now on the disk takes next to nothing."""
        used = shutil.disk_usage(self._places[name]).used
        _mount(["-o", f"remount,size={used + SPARE_BYTES}", str(self._places[name])])

    def make_room(self) -> None:
        """All disks have room again."""
        for name in self._mounted:
            _mount(["-o", f"remount,size={ROOM[name]}", str(self._places[name])])

    def unmount(self) -> None:
        """At the end."""
        for name in self._mounted:
            with contextlib.suppress(OSError):
                subprocess.run(  # noqa: S603 - our own folder
                    ["/bin/umount", "--lazy", str(self._places[name])],
                    check=False,
                    capture_output=True,
                )
        self._mounted.clear()


def _mount(words: list[str]) -> bool:
    program = next((name for name in MOUNT if Path(name).exists()), None)
    if program is None:
        return False
    done = subprocess.run(  # noqa: S603 - our own words
        [program, *words], check=False, capture_output=True
    )
    return done.returncode == 0
