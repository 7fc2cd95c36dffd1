"""A log file that other programs' output is written to, line by line, kept within a size."""

import threading
from collections.abc import Callable
from pathlib import Path

BYTES_MAX = 10_000_000
OLDER_FILES = 2
LINE_CHARACTERS_MAX = 4_000


class RunningLog:
    """Appends lines to `path`; a full file becomes path.1, that one path.2, and the rest goes.

    `echo`, where given, gets each line as `name | line`. Safe to use from several threads.
    """

    def __init__(self, path: Path, *, echo: Callable[[str], None] | None = None) -> None:
        self.path = path
        self.last_line = "it said nothing"
        self._echo = echo
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")
        self._bytes = path.stat().st_size

    def add(self, line: str) -> None:
        """Append one line."""
        line = line[:LINE_CHARACTERS_MAX]
        with self._lock:
            if self._file.closed:
                return
            if self._bytes > BYTES_MAX:
                self._rotate()
            self._file.write(line + "\n")
            self._file.flush()
            self._bytes += len(line.encode()) + 1
            if line.strip() and not line.startswith("--"):
                self.last_line = line.strip()
        if self._echo is not None:
            self._echo(f"{self.path.stem} | {line}")

    def close(self) -> None:
        """Take no more lines."""
        with self._lock:
            self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        names = [self.path, *(Path(f"{self.path}.{n}") for n in range(1, OLDER_FILES + 1))]
        for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
            if newer.exists():
                newer.replace(older)
        self._file = self.path.open("a", encoding="utf-8")
        self._bytes = 0
