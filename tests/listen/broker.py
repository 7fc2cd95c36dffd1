"""A broker for tests: mosquitto, on a free port, with what it keeps in a folder of its own."""

import shutil
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
START_S_MAX = 10.0


class TestBroker:
    """A mosquitto that can be killed and started again; `lines` are more of its settings."""

    __test__ = False

    def __init__(self, folder: Path, *lines: str, is_open: bool = True) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        self._settings = folder / "mosquitto.conf"
        own = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'true' if is_open else 'false'}",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes false",
            "max_queued_messages 0",
            "max_inflight_messages 1000",
            "set_tcp_nodelay true",
            *lines,
        ]
        if self._runs_as_root():
            own.append("user root")
        self._settings.write_text("\n".join(own) + "\n")

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        assert MOSQUITTO is not None
        log = (self.folder / "mosquitto.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [MOSQUITTO, "-c", str(self._settings)], stdout=log, stderr=log
            )
        until = time.monotonic() + START_S_MAX
        while True:
            assert self._process.poll() is None, (self.folder / "mosquitto.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop it as an operator does: it writes its sessions down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_S_MAX)
            self._process = None

    def _runs_as_root(self) -> bool:
        return Path("/proc/self").stat().st_uid == 0


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
