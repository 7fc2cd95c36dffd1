"""What somebody who knows a person would try as the password, terminals included."""

from collections.abc import Iterator

from noroshi.devices.models import Device
from noroshi.tenants.models import Membership, User
from noroshi.tenants.password_checks import around
from noroshi.tenants.passwords import Surroundings

DEVICES_MAX = 20_000


def surroundings(user: User) -> Surroundings:
    """Names and numbers of the person, the contractors acted for and their terminals."""
    return around(user, _devices_of)


def _devices_of(member: Membership) -> Iterator[str]:
    mine = Device.objects.filter(tenant=member.tenant_id, retired_at=None).order_by()
    for name, address in mine.values_list("name", "address")[:DEVICES_MAX]:
        yield from (name, address)
