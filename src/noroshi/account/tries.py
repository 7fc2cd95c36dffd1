"""Count the wrong passwords of one user id over all addresses, as long as no right one came."""

import hashlib
from collections.abc import Mapping

from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from noroshi.tenants import access
from noroshi.tenants.models import KnownDevice, User

# NIST SP 800-63B allows at most 100 wrong passwords in a row. Strangers get 90 of them, so that
# nobody can use up the tries of the owner at a browser that is known.
FAILURES_MAX = 100
STRANGERS_MAX = 90


def is_spent(request: HttpRequest, login: str) -> bool:
    """Whether this id takes no password any more; the same for ids that nobody has."""
    failures = AccessFailureLog.objects.filter(username=hidden(login))[:FAILURES_MAX].count()
    if failures < STRANGERS_MAX:
        return False
    return failures >= FAILURES_MAX or not is_known_device(request, login)


def forget(login: str) -> None:
    """The right password was given: the row of failures is broken."""
    AccessFailureLog.objects.filter(username=hidden(login)).delete()


def begin_anew(login: str) -> None:
    """There is a new password: what was guessed at the old one counts nowhere any more."""
    forget(login)
    AccessAttempt.objects.filter(username=hidden(login)).delete()


def name_of(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str | None:
    """The name under which a try is counted; axes asks for it."""
    typed = (credentials or {}).get("username", request.POST.get("username"))
    return None if typed is None else hidden(typed)


def hidden(login: str) -> str:
    """What is kept of a typed user id: somebody may have typed the password there."""
    return salted_hmac("noroshi.account.tries", login, algorithm="sha256").hexdigest()


def is_known_device(request: HttpRequest, login: str) -> bool:
    """Whether the person of this id signed in from this browser before."""
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    if not cookie:
        return False
    user_id = User.objects.filter(login=login).values_list("pk", flat=True).first()
    if user_id is None:
        return False
    mine = KnownDevice.objects.filter(user=user_id, cookie_sha256=fingerprint(cookie))
    with access.acting_as(user_id):  # nobody is signed in yet; only this person's rows
        return mine.exists()


def fingerprint(cookie: str) -> str:
    """What is kept of a browser's cookie."""
    return hashlib.sha256(cookie.encode(errors="replace")).hexdigest()
