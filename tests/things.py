"""Things for tests that write devices row by row instead of through the register."""

from datetime import datetime

from noroshi.devices.models import DeviceType, Thing


def thing(kind: DeviceType, space: str, address: str, at: datetime) -> Thing:
    """A thing for a device with this address; the same one for the same address."""
    defaults = {"type": kind, "registered_at": at}
    return Thing.objects.get_or_create(space=space, address=address, defaults=defaults)[0]
