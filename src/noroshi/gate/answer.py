"""What a sender hears for each outcome, as bytes ready to be written; pure."""

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from noroshi.base.metrics import CONTENT_TYPE
from noroshi.networks import bodies
from noroshi.networks.sigfox_radio import Record
from noroshi.networks.uplink import Arrival

RETRY_AFTER_S = 2
NO_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.METHOD_NOT_ALLOWED})

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: `going` leaves the connection open, `closing` says that it ends here."""

    going: bytes
    closing: bytes


def answer(status: HTTPStatus, *lines: str, body: bytes | None = None) -> Answer:
    """Render a response; without `body` it says its reason in one line of text.

    `lines` are further header lines. A 204 and a 405 (it may answer a HEAD) have no body.
    """
    if body is None:
        body = b"" if status in NO_BODY else f"{status.phrase}\n".encode()
    head = [f"HTTP/1.1 {status.value} {status.phrase}", *lines]
    if body and not any(line.startswith("Content-Type") for line in lines):
        head.append("Content-Type: text/plain; charset=utf-8")
    if status is not HTTPStatus.NO_CONTENT:
        head.append(f"Content-Length: {len(body)}")
    going = "\r\n".join(head).encode("ascii")
    return Answer(
        going=going + b"\r\n\r\n" + body,
        closing=going + b"\r\nConnection: close\r\n\r\n" + body,
    )


BUSY = f"Retry-After: {RETRY_AFTER_S}"

STORED = answer(HTTPStatus.OK, body=b"")
NO_DOWNLINK = answer(HTTPStatus.NO_CONTENT)
HEALTHY = answer(HTTPStatus.OK, "Cache-Control: no-store", body=b"ok\n")
SPOOLING = answer(HTTPStatus.OK, "Cache-Control: no-store", body=b"spooling\n")
BAD_REQUEST = answer(HTTPStatus.BAD_REQUEST)
UNAUTHORIZED = answer(HTTPStatus.UNAUTHORIZED, 'WWW-Authenticate: Basic realm="noroshi"')
NOT_FOUND = answer(HTTPStatus.NOT_FOUND)
METHOD_NOT_ALLOWED = answer(HTTPStatus.METHOD_NOT_ALLOWED, "Allow: GET, POST, PUT")
TOO_SLOW = answer(HTTPStatus.REQUEST_TIMEOUT)
TOO_LARGE = answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
URL_TOO_LONG = answer(HTTPStatus.REQUEST_URI_TOO_LONG)
ENCODED = answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Accept-Encoding: identity")
TOO_MANY = answer(HTTPStatus.TOO_MANY_REQUESTS, "Retry-After: 1")
HEAD_TOO_LARGE = answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
BROKEN = answer(HTTPStatus.INTERNAL_SERVER_ERROR)
AWAY = answer(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)


def figures(text: str) -> Answer:
    """The gate's figures for Prometheus."""
    lines = (f"Content-Type: {CONTENT_TYPE}", "Cache-Control: no-store")
    return answer(HTTPStatus.OK, *lines, body=text.encode())


def downlink(device: str, payload: bytes) -> Answer:
    """The answer to a Sigfox BIDIR: 8 bytes for the device, named as the callback named it."""
    body = msgspec.json.encode({device: {"downlinkData": payload.hex()}})
    return answer(HTTPStatus.OK, "Content-Type: application/json", body=body)


def device_as_sent(arrival: Arrival) -> str:
    """The device's id exactly as a Sigfox callback wrote it, zeros and case kept.

    Raises Malformed as `networks.identify`, which has passed for every arrival that comes here.
    """
    record = Record(bodies.messages(arrival)[0].data)
    record.complete(dict(bodies.pairs(arrival.query)))
    told = record.known.raw("device")
    return told if isinstance(told, str) else str(told)
