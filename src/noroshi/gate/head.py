"""Heads of requests: a sender says the same one again and again, so it is read once; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from noroshi.gate.connections import Connection

HEADS_KEPT = 1024
BYTES_MAX = 2048  # of a head that is kept
END = b"\r\n\r\n"
METHODS = frozenset({b"POST", b"PUT"})
# What changes how a body is read, or what comes after it.
NOT_PLAIN = frozenset({b"transfer-encoding", b"expect", b"upgrade"})


@dataclass(frozen=True, slots=True)
class Admission:
    """What a head means while the connections are those of one `edition` of the register."""

    edition: int
    connection: Connection
    event: str
    content_type: str
    query: str


@dataclass(slots=True)
class Head:
    """Method, target as in the request line, headers with names in lower case."""

    method: bytes
    target: bytes
    headers: Mapping[bytes, bytes]
    admission: Admission | None = None  # as the intake found it last


class Heads:
    """Heads by their bytes. Equal bytes between two requests mean the same to any parser."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[bytes, tuple[Head, int]] = {}

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head and the body, when `data` is one whole request with a head that is known."""
        end = data.find(END) + len(END)
        found = self._known.get(data[:end])
        if found is None or len(data) - end != found[1]:
            return None
        return found[0], data[end:]

    def learn(self, data: bytes, head: Head, body: bytes) -> None:
        """Know the head from now on, if `data` is nothing but this one plain request."""
        end = data.find(END) + len(END)
        is_plain = (
            head.method in METHODS
            and end <= BYTES_MAX
            and head.headers.get(b"content-length") == b"%d" % len(body)
            and data[end:] == body
            and NOT_PLAIN.isdisjoint(head.headers)
        )
        if is_plain:
            if len(self._known) >= HEADS_KEPT:
                self._known.clear()
            self._known[data[:end]] = head, len(body)
