"""The form of a tenant's chain of acts: which bytes a link's hash is taken over. Pure."""

import hashlib
import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

GENESIS = "0" * 64  # stands before the first link of every chain
VERSION = b"noroshi intent 1\n"
LENGTHS = struct.Struct(">17Q")
JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class BadPayload(ValueError):
    """The payload holds something that could be written in more than one way."""


class Link(NamedTuple):
    """One act as it is hashed: every column of its row but the row's own id and the hash.

    Attributes:
        previous: hash of the link before, GENESIS for number 1.
        at: when it was declared, aware; microseconds count.
        address: internet address as text; None = not known.
    """

    previous: str
    tenant_id: int
    number: int
    code: str
    draft_code: str
    kind: str
    text: str
    text_sha256: str
    payload: Mapping[str, object]
    user_id: int
    user_login: str
    user_name: str
    enrolment_code: str
    method: str
    at: datetime
    address: str | None
    agent: str


def hash_of(link: Link) -> str:
    """SHA-256 over the canonical bytes, 64 hex digits."""
    return hashlib.sha256(canonical(link)).hexdigest()


def canonical(link: Link) -> bytes:
    """The bytes a link stands for: VERSION, the lengths of its fields, the fields.

    The fields are UTF-8 texts in the order of `Link`; before them all stand their 17 numbers of
    bytes, 8 bytes each, big-endian: so no two different acts have the same bytes. Numbers are
    decimal; the payload is JSON with sorted keys, no spaces and no escapes beyond those JSON
    requires; the time is UTC as `2026-11-22T04:05:06.000007Z`; an address in its shortest form,
    an unknown one empty.
    """
    fields = [*map(str.encode, _texts(link))]
    return VERSION + LENGTHS.pack(*map(len, fields)) + b"".join(fields)


def text_hash(text: str) -> str:
    """SHA-256 of the exact text somebody was shown, 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_payload(payload: object) -> None:
    """Raise BadPayload for what JSON or the database may write in two ways: floats, odd keys."""
    if payload is None or isinstance(payload, str | bool | int):
        return
    if isinstance(payload, list):
        for inner in payload:
            check_payload(inner)
    elif isinstance(payload, dict) and all(isinstance(key, str) for key in payload):
        for inner in payload.values():
            check_payload(inner)
    else:
        raise BadPayload(f"{type(payload).__name__} has no one way of writing")


def _texts(link: Link) -> tuple[str, ...]:
    return (
        link.previous,
        str(link.tenant_id),
        str(link.number),
        link.code,
        link.draft_code,
        link.kind,
        link.text,
        link.text_sha256,
        JSON.encode(link.payload),
        str(link.user_id),
        link.user_login,
        link.user_name,
        link.enrolment_code,
        link.method,
        _time(link.at),
        _address(link.address),
        link.agent,
    )


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"  # without +00:00


@lru_cache(maxsize=4096)
def _address(address: str | None) -> str:
    """One that somebody changed by hand may be none: it stands for itself."""
    try:
        return str(ip_address(address)) if address else ""
    except ValueError:
        return str(address)
