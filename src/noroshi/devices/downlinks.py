"""Downlinks: queue bytes for a device, and learn what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

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


def queue(device: Device, payload_hex: str, *, by: Actor, now: datetime) -> Downlink:
    """Queue eight bytes for the next time the device listens."""
    payload = payload_from(payload_hex)
    if device.space != Space.SIGFOX:
        raise BadDownlink(_("下りを送れるのは、いまは Sigfox の端末だけです。"))
    if device.downlinks.filter(state=Downlink.State.QUEUED).count() >= QUEUE_MAX:
        raise BadDownlink(_("送信待ちがいっぱいです。どれかを取り消してください。"))
    downlink = Downlink.objects.create(
        tenant_id=device.tenant_id, device=device, payload=payload, created_at=now
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
