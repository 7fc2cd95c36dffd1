"""Downlinks: queue bytes for a device, and learn what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from noroshi.codecs.downlink import BadData, Encoded, Frame, Script, Wanted, data_from
from noroshi.codecs.frames import DOWNLINK_DECODER, ENCODERS
from noroshi.codecs.models import Codec
from noroshi.codecs.result import Measurement
from noroshi.codecs.sandbox import NoSandbox, Sandbox
from noroshi.codecs.words import say_encoder_error
from noroshi.devices.find import codec_source
from noroshi.devices.models import Device, Downlink, Space
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor

SIGFOX_BYTES = 8
QUEUE_MAX = 10


class BadDownlink(ValueError):
    """The bytes cannot be sent; the message is for the person who typed them."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What a network said of a device's last downlink."""

    device_id: int
    is_sent: bool
    said: str


@dataclass(frozen=True, slots=True)
class Coder:
    """What the codec of a device's type can do with downlinks. ``script`` None: it is no script."""

    script: Script | None = None
    can_encode: bool = False
    can_decode: bool = False


def coder_of(device: Device, sandbox: Sandbox) -> Coder:
    """Ask the device type's codec which of the functions for downlinks it has."""
    codec = device.type.codec
    version = codec.versions.order_by("-number").values_list("pk", flat=True).first()
    if codec.kind != Codec.Kind.JAVASCRIPT or version is None:
        return Coder()
    script = Script(device.tenant_id, version, codec_source(version))
    # Most sources name none of them, and need no sandbox to say so.
    if not any(name in script.source for name in (*ENCODERS, DOWNLINK_DECODER)):
        return Coder()
    try:
        names = sandbox.entry_points(script)
    except NoSandbox:
        return Coder()
    return Coder(script, not set(ENCODERS).isdisjoint(names), DOWNLINK_DECODER in names)


def encode(coder: Coder, data: str, sandbox: Sandbox) -> Encoded:
    """The bytes that the codec makes of a typed JSON object; raises BadDownlink."""
    if coder.script is None:
        raise BadDownlink(say_encoder_error("no_encoder"))
    try:
        encoded = sandbox.encode(coder.script, Wanted(data_from(data)))
    except BadData as why:
        said = say_encoder_error("bad_data")
        raise BadDownlink(_("%(what)s（%(why)s）") % {"what": said, "why": why}) from why
    except NoSandbox as away:
        raise BadDownlink(say_encoder_error("crashed")) from away
    if encoded.error:
        said = say_encoder_error(encoded.error)
        full = _("%(what)s（%(why)s）") % {"what": said, "why": encoded.detail}
        raise BadDownlink(full if encoded.detail else said)
    if len(encoded.payload) != SIGFOX_BYTES:
        raise BadDownlink(
            _("Sigfox の下りは8バイトです。エンコーダーが作ったのは%(n)dバイトでした。")
            % {"n": len(encoded.payload)}
        )
    return encoded


def meanings(
    coder: Coder, downlinks: Sequence[Downlink], sandbox: Sandbox
) -> list[tuple[Measurement, ...]]:
    """What each of them says to the device, in the codec's own names; () where it cannot tell."""
    if coder.script is None or not coder.can_decode:
        return [()] * len(downlinks)
    frames = [Frame(bytes(one.payload), one.f_port) for one in downlinks]
    try:
        return [one.measurements for one in sandbox.decode_downlinks(coder.script, frames)]
    except NoSandbox:
        return [()] * len(downlinks)


def queue(
    device: Device, payload_hex: str, *, by: Actor, now: datetime, f_port: int | None = None
) -> Downlink:
    """Queue eight bytes for the next time the device listens; raises BadDownlink.

    ``f_port`` is what an encoder named, kept for those who read the bytes later.
    """
    payload = payload_from(payload_hex)
    if device.space != Space.SIGFOX:
        raise BadDownlink(_("下りを送れるのは、いまは Sigfox の端末だけです。"))
    if device.downlinks.filter(state=Downlink.State.QUEUED).count() >= QUEUE_MAX:
        raise BadDownlink(_("送信待ちがいっぱいです。どれかを取り消してください。"))
    downlink = Downlink.objects.create(
        tenant_id=device.tenant_id, device=device, payload=payload, f_port=f_port, created_at=now
    )
    audit.record(by, "downlink.queued", device, now=now, details={"payload": payload.hex()})
    return downlink


def payload_from(text: str) -> bytes:
    """The bytes a person typed as hexadecimal digits, spaces allowed."""
    digits = "".join(text.split())
    try:
        payload = bytes.fromhex(digits)
    except ValueError:
        raise BadDownlink(_("0〜9 と A〜F だけで書いてください。")) from None
    if len(payload) != SIGFOX_BYTES:
        raise BadDownlink(_("16桁（8バイト）で書いてください。"))
    return payload


def cancel(downlink: Downlink, *, by: Actor, now: datetime) -> bool:
    """Take a downlink back that no network has fetched yet; False when it is too late."""
    changed = Downlink.objects.filter(pk=downlink.pk, state=Downlink.State.QUEUED).update(
        state=Downlink.State.CANCELLED
    )
    if changed:
        audit.record(by, "downlink.cancelled", downlink.device, now=now)
    return bool(changed)


def settle_downlinks(fates: Sequence[Fate]) -> None:
    """Write what the network said to the last answered downlink of each device."""
    for fate in fates:
        state = Downlink.State.DELIVERED if fate.is_sent else Downlink.State.FAILED
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE devices_downlink SET state = %s, result = %s WHERE id = ("
                "SELECT id FROM devices_downlink WHERE device_id = %s AND state = 'answered' "
                "ORDER BY answered_at DESC LIMIT 1)",
                [state, fate.said[:200], fate.device_id],
            )
