"""The jobs that the tests of decoding send."""

from datetime import UTC, datetime
from itertools import count

from noroshi.codecs.downlink import Script
from noroshi.codecs.result import Job

NOON = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
_versions = count(1000)


def javascript(source: str, payload: bytes = b"", **other: object) -> Job:
    """A job of a codec that no other test has used."""
    return job("javascript", source, payload, **({"version_id": next(_versions)} | other))


def job(kind: str, source: str, payload: bytes, **other: object) -> Job:
    fields: dict[str, object] = {
        "tenant_id": 1,
        "version_id": 1,
        "f_port": 1,
        "received_at": NOON,
        "decoded": None,
        "variables": {},
    }
    return Job(kind=kind, source=source, payload=payload, **(fields | other))  # type: ignore[arg-type]


def script(source: str) -> Script:
    """A codec for downlinks that no other test has used."""
    return Script(1, next(_versions), source)
