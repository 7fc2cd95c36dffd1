"""Make and change connections; send exceptional entries through the spine once more."""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection as database
from django.db import transaction
from django.db.models import Q

from noroshi.inbox.models import Connection, ExceptionalEntry
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

TOKEN_BYTES = 24
HINT_CHARS = 4
State, Kind = ExceptionalEntry.State, ExceptionalEntry.Kind


@dataclass(frozen=True, slots=True)
class NewConnection:
    """What the office says of a connection; `factor_value` is the header value to expect."""

    name: str
    kind: str
    tenant: Tenant | None = None
    factor: str = ""
    factor_header: str = ""
    factor_value: str = ""
    settings: dict[str, object] = field(default_factory=dict)


def make_connection(new: NewConnection, *, by: Actor, now: datetime) -> tuple[Connection, str]:
    """Make a connection; returns it and its token, which is not kept and shown once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        made = Connection.objects.create(
            name=new.name.strip(),
            kind=new.kind,
            tenant=new.tenant,
            token_hash=digest(token),
            token_hint=token[:HINT_CHARS],
            factor=new.factor,
            factor_header=new.factor_header.strip().lower(),
            factor_hash=digest(expected(new)) if new.factor else None,
            settings=new.settings,
            created_at=now,
        )
        audit.record(by, "connection.made", made, now=now, details={"kind": new.kind})
        tell_gates()
    return made, token


def change_connection(made: Connection, new: NewConnection, *, by: Actor, now: datetime) -> None:
    """Change name, tenant, second factor or settings; an empty factor value keeps the old one."""
    made.name, made.tenant = new.name.strip(), new.tenant
    made.factor, made.factor_header = new.factor, new.factor_header.strip().lower()
    if not new.factor:
        made.factor_hash = None
    elif new.factor_value:
        made.factor_hash = digest(expected(new))
    made.settings = new.settings
    with transaction.atomic():
        made.save()
        audit.record(by, "connection.changed", made, now=now)
        tell_gates()


def renew_token(made: Connection, *, by: Actor, now: datetime) -> str:
    """Give the connection a new address; the old one stops at once. Shown once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made.token_hash, made.token_hint = digest(token), token[:HINT_CHARS]
    with transaction.atomic():
        made.save(update_fields=["token_hash", "token_hint"])
        audit.record(by, "connection.token_renewed", made, now=now)
        tell_gates()
    return token


def open_or_close(made: Connection, *, is_open: bool, by: Actor, now: datetime) -> None:
    """Take uplinks from this connection, or refuse them."""
    made.is_open = is_open
    with transaction.atomic():
        made.save(update_fields=["is_open"])
        action = "connection.opened" if is_open else "connection.closed"
        audit.record(by, action, made, now=now)
        tell_gates()


def expected(new: NewConnection) -> str:
    """The header's whole value that the sender must show; Basic is typed as user:password."""
    if new.factor != Connection.SecondFactor.BASIC:
        return new.factor_value
    return "Basic " + base64.b64encode(new.factor_value.encode()).decode()


def digest(text: str) -> bytes:
    """What is kept of a secret that is random enough not to need a slow hash."""
    return hashlib.sha256(text.encode()).digest()


def tell_gates() -> None:
    """Running gates read the connections anew after the commit."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_notify('noroshi_connections', '')")


def tell_workers() -> None:
    """Idle workers look again after the commit."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_notify('noroshi_inbox', '')")


def run_again(entry_ids: Iterable[int], *, by: Actor, now: datetime) -> int:
    """Send entries of the exception list through the spine once more; returns how many."""
    with transaction.atomic():
        count = (
            ExceptionalEntry.objects.filter(pk__in=list(entry_ids))
            .exclude(state=State.AGAIN)
            .update(state=State.AGAIN)
        )
        audit.record(by, "inbox.run_again", f"{count} entries", now=now)
        tell_workers()
    return count


def run_again_all(kind: str, reason: str, *, by: Actor, now: datetime) -> int:
    """The same for every open entry of one kind and reason (a mended codec)."""
    with transaction.atomic():
        rows = ExceptionalEntry.objects.filter(kind=kind, state=State.OPEN)
        if reason:
            rows = rows.filter(reason=reason)
        count = rows.update(state=State.AGAIN)
        audit.record(by, "inbox.run_again", f"{count} entries: {kind} {reason}", now=now)
        tell_workers()
    return count


def run_waiting_of(space: str, address: str) -> int:
    """A device was registered: what it sent before runs now. Returns how many entries.

    A body with messages of several unknown devices names them all in its detail.
    """
    with transaction.atomic():
        waiting = ExceptionalEntry.objects.filter(kind=Kind.UNKNOWN, state=State.OPEN, space=space)
        own = Q(address=address) | Q(detail__contains=address)
        count = waiting.filter(own).update(state=State.AGAIN)
        if count:
            tell_workers()
    return count


def dismiss(entry_ids: Iterable[int], *, by: Actor, now: datetime) -> int:
    """Take entries off the list without running them; the journal keeps them."""
    with transaction.atomic():
        count = ExceptionalEntry.objects.filter(pk__in=list(entry_ids), state=State.OPEN).update(
            state=State.DISMISSED
        )
        audit.record(by, "inbox.dismissed", f"{count} entries", now=now)
    return count
