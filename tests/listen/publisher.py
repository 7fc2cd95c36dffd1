"""A network's side of a broker: publishes by another implementation of MQTT than ours."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from paho.mqtt.client import CallbackAPIVersion, Client

WAIT_S_MAX = 15.0


@contextmanager
def publisher(port: int, *, user: str = "", password: str = "") -> Iterator[Client]:
    """A client that is logged in."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="network")
    client.max_inflight_messages_set(1000)
    if user:
        client.username_pw_set(user, password)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(
    port: int, messages: Iterable[tuple[str, bytes]], *, qos: int = 1, retain: bool = False
) -> None:
    """Publish all of them, and return when the broker has them."""
    with publisher(port) as client:
        waiting = [client.publish(topic, body, qos, retain) for topic, body in messages]
        for each in waiting:
            each.wait_for_publish(WAIT_S_MAX)
            assert each.is_published()


def uplink(number: int, device: str = "0101000000000001") -> tuple[str, bytes]:
    """One ChirpStack uplink and its topic; the same number is the same uplink."""
    body = {
        "deduplicationId": f"3ac7e3c4-4401-4b8d-9386-{number:012d}",
        "time": "2026-11-22T01:00:00+00:00",
        "deviceInfo": {"devEui": device, "applicationName": "water", "deviceName": "level"},
        "devAddr": "00453524",
        "fCnt": number,
        "fPort": 2,
        "data": "AQ3/",
        "rxInfo": [{"gatewayId": "7076ff00550806e4", "rssi": -83, "snr": 9.5}],
    }
    return f"application/a1/device/{device}/event/up", json.dumps(body).encode()
