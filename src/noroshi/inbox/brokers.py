"""Make and change connections whose messages come from a broker."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from noroshi.base.sealing import Sealer
from noroshi.inbox.actions import NewConnection, make_connection, tell_gates
from noroshi.inbox.models import Broker, Connection
from noroshi.inbox.sealing import sealer
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor


@dataclass(frozen=True, slots=True)
class NewBroker:
    """What the office says of a broker; an empty `password` keeps the one there is."""

    host: str
    port: int
    version: str
    is_tls: bool
    ca: str
    user: str
    password: str
    client_id: str
    topics: tuple[str, ...]


def make_broker(new: NewConnection, broker: NewBroker, *, by: Actor, now: datetime) -> Connection:
    """Make a connection with its broker. Nobody is told its address: nobody posts to it."""
    with transaction.atomic():
        made, _token = make_connection(new, by=by, now=now)
        _fill(Broker(connection=made), broker).save(force_insert=True)
    return made


def change_broker(
    made: Connection, new: NewConnection, broker: NewBroker, *, by: Actor, now: datetime
) -> None:
    """Change what is said of a connection and its broker; the listener begins anew with it."""
    made.name, made.tenant, made.settings = new.name.strip(), new.tenant, new.settings
    with transaction.atomic():
        made.save(update_fields=["name", "tenant", "settings"])
        _fill(made.broker, broker).save()
        audit.record(by, "connection.changed", made, now=now, details={"broker": broker.host})
        tell_gates()


def password_of(broker: Broker) -> str:
    """The password itself, for logging in and nothing else. Raises Unreadable."""
    return house_sealer().unseal(broker.sealed_password) if broker.sealed_password else ""


def house_sealer() -> Sealer:
    """Seals under the house's present secret key."""
    return sealer([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])


def _fill(row: Broker, new: NewBroker) -> Broker:
    row.host, row.port, row.version = new.host, new.port, new.version
    row.is_tls, row.ca = new.is_tls, new.ca if new.is_tls else ""
    row.user, row.client_id, row.topics = new.user, new.client_id, list(new.topics)
    if not new.user:
        row.sealed_password = ""
    elif new.password:
        row.sealed_password = house_sealer().seal(new.password)
    return row
