"""Make arrivals of the sample messages on disk."""

from datetime import UTC, datetime
from pathlib import Path

from noroshi.networks.uplink import Arrival

PAYLOADS = Path(__file__).parent.parent / "payloads"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def arrival(body: bytes | str, event: str = "", **changes: object) -> Arrival:
    """Return an arrival of connection 1 at NOW; `changes` are other fields of Arrival."""
    given: dict[str, object] = {
        "connection_id": 1,
        "received_at": NOW,
        "event": event,
        "content_type": "application/json",
        "query": "",
        "body": body.encode() if isinstance(body, str) else body,
        "settings": {},
    }
    return Arrival(**(given | changes))  # type: ignore[arg-type]


def sample(path: str) -> bytes:
    """Return a file of tests/payloads."""
    return (PAYLOADS / path).read_bytes()
