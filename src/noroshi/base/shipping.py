"""Logs to another machine: RFC 5424 over TCP or TLS, from a thread of its own.

The product never waits for the receiver: a record is put into a bounded queue and sent by the
thread; while the receiver is away the newest that do not fit are dropped and counted, and the count
is the first thing told when it is back. What was sent stands on stderr too.
"""

import logging
import os
import queue
import socket
import ssl
import threading
import time
import urllib.parse
from datetime import UTC, datetime

from noroshi.base.logs import Line, plain

QUEUE_MAX = 10_000  # records; of about 200 bytes each
RETRY_S_MIN, RETRY_S_MAX = 1.0, 30.0
CONNECT_S_MAX = 5.0
SEND_S_MAX = 10.0
MESSAGE_BYTES_MAX = 32_000  # what every receiver takes
FACILITY = 16  # local0
SEVERITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
DEBUG_SEVERITY = 7


class Shipper(logging.Handler):
    """Hands records to the thread that sends them; made in each process at its first record."""

    def __init__(self, address: str, program: str = "noroshi") -> None:
        """`address` is `tls://host:port` or `tcp://host:port`; empty ships nothing."""
        super().__init__()
        self.address = address
        self.program = program
        self.dropped = 0
        self._waiting: queue.Queue[bytes] = queue.Queue(QUEUE_MAX)
        self._process = 0
        self.setFormatter(Line())

    def emit(self, record: logging.LogRecord) -> None:
        """Put it into the queue, at once; drop it when that is full."""
        if not self.address:
            return
        if self._process != os.getpid():
            self._begin()
        try:
            self._waiting.put_nowait(self.frame(record))
        except queue.Full:
            self.dropped += 1

    def frame(self, record: logging.LogRecord) -> bytes:
        """The record as RFC 5424 has it, its length before it (RFC 5425)."""
        severity = next((name for level, name in SEVERITIES if record.levelno >= level), None)
        rank = FACILITY * 8 + (DEBUG_SEVERITY if severity is None else severity)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        host = word(socket.gethostname(), 255)
        name = word(record.name, 32)
        head = f"<{rank}>1 {at} {host} {word(self.program, 48)} {os.getpid()} {name} - "
        body = (head + plain(self.format(record))).encode()[:MESSAGE_BYTES_MAX]
        return f"{len(body)} ".encode() + body

    def _begin(self) -> None:
        """A queue and a thread of this process; what a parent's thread held stays the parent's."""
        self._process = os.getpid()
        self._waiting = queue.Queue(QUEUE_MAX)
        thread = threading.Thread(target=self._run, args=(self._waiting,), daemon=True)
        thread.start()

    def _run(self, waiting: "queue.Queue[bytes]") -> None:
        sender = Sender(self.address)
        while True:
            frame = waiting.get()
            count, self.dropped = self.dropped, 0
            if count:
                lost = logging.LogRecord(
                    __name__, logging.WARNING, "", 0, "%d records were dropped", (count,), None
                )
                sender.deliver(self.frame(lost))
            sender.deliver(frame)


class Sender:
    """A connection that comes back with growing pauses, and gives no frame up."""

    def __init__(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        self.place = (parts.hostname or "", parts.port or 0)
        self.is_tls = parts.scheme == "tls"
        self.socket: socket.socket | None = None

    def deliver(self, frame: bytes) -> None:
        """Send it, waiting for the receiver as long as it takes."""
        pause = RETRY_S_MIN
        while True:
            try:
                self.socket = self._open()
                self.socket.sendall(frame)
            except OSError:
                self._close()
                time.sleep(pause)
                pause = min(pause * 2, RETRY_S_MAX)
            else:
                return

    def _open(self) -> socket.socket:
        """The connection, made anew when the receiver went away. Raises OSError."""
        if self.socket is not None and not is_gone(self.socket):
            return self.socket
        self._close()
        made = socket.create_connection(self.place, timeout=CONNECT_S_MAX)
        if self.is_tls:
            try:
                made = ssl.create_default_context().wrap_socket(made, server_hostname=self.place[0])
            except OSError:
                made.close()
                raise
        made.settimeout(SEND_S_MAX)
        return made

    def _close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None


def is_gone(connection: socket.socket) -> bool:
    """Whether the other side closed: what is sent into such a connection is lost unnoticed."""
    connection.settimeout(0)
    try:
        return connection.recv(1) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(SEND_S_MAX)


def word(text: str, most: int) -> str:
    """Printable ASCII without spaces, at most so long; `-` for none."""
    return "".join(one for one in text if "!" <= one <= "~")[:most] or "-"
