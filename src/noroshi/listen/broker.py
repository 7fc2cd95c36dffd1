"""A broker as the listener needs it, and how it fares with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from noroshi.mqtt.link import Place
from noroshi.mqtt.packets import Login


@dataclass(frozen=True, slots=True)
class Broker:
    """An open connection whose messages are fetched; `kind` is that of the networks' registry.

    `is_sealed`: its password could not be opened, so it is not in `login`.
    """

    connection_id: int
    kind: str
    settings: Mapping[str, object]
    place: Place
    login: Login
    topics: tuple[str, ...]
    is_sealed: bool = False


class State(StrEnum):
    """Whether messages come."""

    CONNECTING = "connecting"
    LISTENING = "listening"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Report:
    """What the office is told of one broker; `why` names a trouble or a warning, or is empty."""

    connection_id: int
    state: State
    why: str
    detail: str
    changed_at: datetime
    heard_at: datetime | None
    messages: int
    passed_over: int
