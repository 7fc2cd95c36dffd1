"""What can go wrong between a subscriber and a broker, by name."""

from enum import StrEnum


class Why(StrEnum):
    """The reasons an operator can do something about, each told apart on the pages."""

    UNREACHABLE = "unreachable"
    UNKNOWN_HOST = "unknown_host"
    TLS = "tls"
    BAD_CA = "bad_ca"
    NOT_MQTT = "not_mqtt"
    NO_ANSWER = "no_answer"
    VERSION = "version"
    CLIENT_ID = "client_id"
    LOGIN = "login"
    NOT_ALLOWED = "not_allowed"
    TOPIC = "topic"
    TAKEN_OVER = "taken_over"
    REFUSED = "refused"
    LOST = "lost"
    NO_STORE = "no_store"
    NO_KEY = "no_key"


# What does not mend itself: a person must change the connection or the broker.
LASTING = frozenset(
    {
        Why.TLS,
        Why.BAD_CA,
        Why.NOT_MQTT,
        Why.VERSION,
        Why.CLIENT_ID,
        Why.LOGIN,
        Why.NOT_ALLOWED,
        Why.TOPIC,
        Why.TAKEN_OVER,
        Why.NO_KEY,
    }
)
# Codes of CONNACK and DISCONNECT: those of 3.1.1, then those of 5.
OF_CODE = {
    1: Why.VERSION,
    2: Why.CLIENT_ID,
    3: Why.LOST,
    4: Why.LOGIN,
    5: Why.NOT_ALLOWED,
    0x84: Why.VERSION,
    0x85: Why.CLIENT_ID,
    0x86: Why.LOGIN,
    0x87: Why.NOT_ALLOWED,
    0x88: Why.LOST,
    0x89: Why.LOST,
    0x8A: Why.NOT_ALLOWED,
    0x8B: Why.LOST,
    0x8C: Why.LOGIN,
    0x8E: Why.TAKEN_OVER,
    0x8F: Why.TOPIC,
}
DETAIL_CHARS_MAX = 200


class Trouble(Exception):
    """The connection to a broker ended or never was; `detail` is the other side's own words."""

    def __init__(self, why: Why, detail: str = "") -> None:
        """`detail` is one printable line."""
        super().__init__(why, detail)
        self.why, self.detail = why, detail

    def __str__(self) -> str:
        return f"{self.why}: {self.detail}" if self.detail else str(self.why)


def trouble_of(code: int, detail: str = "") -> Trouble:
    """The trouble that a broker's code names."""
    return Trouble(OF_CODE.get(code, Why.REFUSED), printable(detail) or f"code {code}")


def printable(text: str) -> str:
    """One short line, whatever the other side sent."""
    return "".join(char if char.isprintable() else "?" for char in text[:DETAIL_CHARS_MAX])
