"""From a network's MQTT publication to a reading, and over TLS with an own authority."""

import datetime as dt
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from noroshi import pipeline
from noroshi.codecs.actions import NewVersion, make_codec
from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import DeviceType, Quantity
from noroshi.readings.models import Latest, StoredUplink
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant
from tests.listen.broker import TestBroker
from tests.listen.conftest import (
    StartListener,
    is_listening,
    running,
    state_of,
    stored,
    subscribe,
    until,
)
from tests.listen.publisher import publish, uplink
from tests.spine.journal import sample

NOBODY = Actor(None, None)
NOW = dt.datetime.now(dt.UTC)
SOURCE = """function decodeUplink(input) {
  return {data: {temperature: (input.bytes[0] << 8 | input.bytes[1]) / 10}};
}"""
TTS_TOPIC = "v3/app1@tenant/devices/dev1/up"


@pytest.mark.parametrize("kind", ["chirpstack", "tts"])
def test_what_a_network_publishes_becomes_a_reading_once(
    broker: TestBroker, start_listener: StartListener, kind: str
) -> None:
    topic, body = uplink(1)
    address = "0101000000000001"
    if kind == "tts":
        topic, body = TTS_TOPIC, sample("tts3_up_docs.json")
        address = body.decode().split('"dev_eui"')[1].split('"')[1]
    tenant = Tenant.objects.create(name="みどりの里", created_at=NOW)
    codec = make_codec("温度計", "javascript", NewVersion(SOURCE), by=NOBODY, now=NOW)
    type_ = DeviceType.objects.create(name_ja="温度計", codec=codec, interval_s=600)
    Quantity.objects.create(type=type_, key="temperature", name_ja="温度", unit="℃")
    device = register(NewDevice(tenant, "水路", type_, "lorawan", address), by=NOBODY, now=NOW)
    row = subscribe(broker.port, kind=kind, topics=["application/#", "v3/+/devices/+/up"])
    start_listener()
    until(lambda: is_listening(row))
    publish(broker.port, [(topic, body), (topic, body)])
    until(lambda: stored() == 1)
    with Sandbox() as sandbox:
        while pipeline.process_waiting(sandbox, now=NOW, slices_max=16):
            pass
    assert StoredUplink.objects.filter(device_id=device.pk).count() == 1
    latest = Latest.objects.filter(series__device=device, series__key="temperature")
    assert latest.count() == 1


def test_tls_is_checked_against_the_own_authority(
    start_listener: StartListener, tmp_path: Path
) -> None:
    ca, key, certificate = papers(tmp_path)
    other, _key, _certificate = papers(tmp_path / "other")
    lines = [f"cafile {ca}", f"keyfile {key}", f"certfile {certificate}"]
    with running(TestBroker(tmp_path / "broker", *lines)) as broker:
        good = subscribe(broker.port, is_tls=True, ca=ca.read_text())
        bad = subscribe(broker.port, is_tls=True, ca=other.read_text(), kind="tts")
        plain = subscribe(broker.port, is_tls=False, kind="json")
        start_listener()
        until(lambda: is_listening(good))
        until(lambda: state_of(bad) == ("waiting", "tls"))
        until(lambda: state_of(plain)[0] == "waiting")


def papers(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and a key and certificate of 127.0.0.1 that it vouches for; as files."""
    folder.mkdir(exist_ok=True)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("own", "127.0.0.1")
    ]
    paths = (folder / "ca.pem", folder / "key.pem", folder / "certificate.pem")
    for place, is_authority in ((0, True), (1, False)):
        built = (
            x509.CertificateBuilder()
            .subject_name(names[place])
            .issuer_name(names[0])
            .public_key(keys[place].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=1))
            .not_valid_after(NOW + dt.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            built = built.add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
                critical=False,
            )
        signed = built.sign(keys[0], hashes.SHA256())
        paths[0 if is_authority else 2].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        keys[1].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
