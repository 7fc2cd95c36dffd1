"""Ask again who it is, for an act of intent: by password, or by a passkey shown meanwhile."""

from datetime import datetime

from django.contrib.auth import authenticate
from django.http import HttpRequest

from noroshi.tenants.intents import Proof
from noroshi.tenants.models import User
from noroshi.tenants.recent import records_of

PASSKEY = "webauthn"


def by_password(request: HttpRequest, user: User) -> Proof | None:
    """The password sent with this request, compared and counted where every password is."""
    typed = request.POST.get("password", "")
    if typed and authenticate(request, username=user.login, password=typed) == user:
        return Proof(user.pk, "password")
    return None


def by_confirmation(request: HttpRequest, user: User, since: datetime) -> Proof | None:
    """What the person proved in this session on the page for it, not before `since`."""
    for record in records_of(request, user):
        at = record.get("at")
        if not isinstance(at, int | float) or at < since.timestamp():
            continue
        if record.get("type") == PASSKEY:
            return Proof(user.pk, "passkey")
        if record.get("method") == "password":
            return Proof(user.pk, "password")
    return None
