"""What to type on the network's side: addresses, headers and bodies to copy."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from noroshi.inbox.models import Connection
from noroshi.networks import generic

PLACEHOLDER = "<token>"

RADIO_BODY = (
    '{"device":"{device}","time":{time},"data":"{data}","seqNumber":{seqNumber},'
    '"deviceTypeId":"{deviceTypeId}"'
)
SIGFOX_BODIES = {
    "uplink": RADIO_BODY + "}",
    "bidir": RADIO_BODY + ',"ack":{ack},"longPolling":{longPolling}}',
    "advanced": RADIO_BODY + ',"lqi":"{lqi}","operatorName":"{operatorName}",'
    '"countryCode":"{countryCode}","computedLocation":{computedLocation}}',
    "status": '{"device":"{device}","time":{time},"batt":"{batt}","temp":"{temp}",'
    '"seqNumber":{seqNumber}}',
    "acknowledge": '{"device":"{device}","time":{time},"infoCode":"{infoCode}",'
    '"infoMessage":"{infoMessage}","downlinkAck":"{downlinkAck}",'
    '"downlinkOverusage":"{downlinkOverusage}"}',
    "geoloc": '{"device":"{device}","time":{time},"lat":"{lat}","lng":"{lng}",'
    '"radius":"{radius}","seqNumber":{seqNumber}}',
    "error": '{"device":"{device}","time":{time},"info":"{info}","severity":"{severity}",'
    '"deviceTypeId":"{deviceTypeId}"}',
}
SIGFOX_NAMES = {
    "uplink": "DATA / UPLINK",
    "bidir": "DATA / BIDIR",
    "advanced": "SERVICE / DATA ADVANCED",
    "status": "SERVICE / STATUS",
    "acknowledge": "SERVICE / ACKNOWLEDGE",
    "geoloc": "SERVICE / GEOLOC",
    "error": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Callback:
    """One Sigfox callback to make: its name there, our address, the body's template."""

    kind: str
    name: str
    url: str
    body: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """All there is to copy for one connection.

    `url` is the plain address, `header` the second factor's header name or empty.
    """

    kind: str
    url: str
    is_secret_shown: bool
    header: str
    callbacks: Sequence[Callback]
    settings: str
    example: str
    curl: str


def instructions(made: Connection, token: str = "") -> Instructions:
    """What to do on the network's side; without a token its place is marked."""
    url = f"{settings.GATE_URL}/in/{token or PLACEHOLDER}"
    header = header_of(made)
    example = example_body(made.settings) if made.kind == Connection.Kind.JSON else ""
    return Instructions(
        kind=made.kind,
        url=url,
        is_secret_shown=bool(token),
        header=header,
        callbacks=callbacks(url) if made.kind == Connection.Kind.SIGFOX else (),
        settings=json.dumps(dict(generic.DEFAULTS) | made.settings, ensure_ascii=False, indent=2),
        example=example,
        curl=curl(url, header, example) if example else "",
    )


def callbacks(url: str) -> list[Callback]:
    """The Sigfox callbacks, each with its own address."""
    return [
        Callback(kind, SIGFOX_NAMES[kind], f"{url}/{kind}", body)
        for kind, body in SIGFOX_BODIES.items()
    ]


def header_of(made: Connection) -> str:
    """The header that the sender must show besides the address; empty for none."""
    if made.factor == Connection.SecondFactor.BASIC:
        return "Authorization"
    return made.factor_header if made.factor == Connection.SecondFactor.HEADER else ""


def example_body(own: dict[str, object]) -> str:
    """A message that this connection's settings would read."""
    paths = dict(generic.DEFAULTS) | own
    encodings = {"base64": "AQ3/", "text": "11.2,60"}
    address = {"lorawan": "A84041FFFF123456", "sigfox": "1F13FC2"}
    values: dict[str, object] = {
        "id": address.get(str(paths["space"]), "pump-1"),
        "time": "2026-11-22T01:14:00Z",
        "payload": encodings.get(str(paths["payload_encoding"]), "010DFF"),
        "f_port": 2,
        "counter": 12,
        "rssi": -97,
        "snr": 7.5,
    }
    body: dict[str, object] = {}
    for name, value in values.items():
        put(body, str(paths[name]), value)
    fields = paths["fields"]
    if isinstance(fields, dict):
        for path in fields.values():
            put(body, str(path), 11.2)
    else:
        put(body, str(fields), {"temperature": 11.2})
    return json.dumps(body, ensure_ascii=False)


def put(body: dict[str, object], path: str, value: object) -> None:
    """Set a value at a path such as a.b; lists and the whole body are left to the reader."""
    steps = [step for step in path.removeprefix("$.").split(".") if step]
    if not steps or any("[" in step for step in steps):
        return
    for step in steps[:-1]:
        inner = body.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        body = inner
    body[steps[-1]] = value


def curl(url: str, header: str, body: str) -> str:
    """A command that posts the example."""
    lines = [f"curl -X POST '{url}'", "  -H 'Content-Type: application/json'"]
    if header:
        lines.append(f"  -H '{header}: <secret>'")
    quoted = body.replace("'", "'\\''")
    return " \\\n".join([*lines, f"  -d '{quoted}'"])
