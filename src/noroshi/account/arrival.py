"""Somebody proved who they are: may they come in, from which browser, and who is told of it."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from noroshi.account import mails, tries
from noroshi.account.forms import SignInForm
from noroshi.account.front import sign_in_page
from noroshi.tenants import access, sign_ins
from noroshi.tenants.models import KnownDevice, SignIn, User
from noroshi.tenants.sign_ins import Arrival, where_of

COOKIE_BYTES = 24
COOKIE_LIFE = timedelta(days=366)
SEEN_EVERY = timedelta(minutes=1)
PROOFS = {"totp": "password+app", "webauthn": "password+key", "recovery_codes": "password+code"}


def refuse(request: HttpRequest, user: User, outcome: str) -> HttpResponse:
    """Say so on the sign-in page, and write it down."""
    sign_ins.note(user, Arrival(outcome), where_of(request), now=timezone.now())
    is_expired = outcome == SignIn.Outcome.EXPIRED
    return sign_in_page(request, SignInForm(), is_refused=True, is_expired=is_expired)


def way_in(records: Sequence[dict[str, object]]) -> str:
    """How the person came in: `password`, `password+app`, `password+key`, …, `passkey`."""
    if any(record.get("passwordless") for record in records):
        return "passkey"
    kinds = [str(record["type"]) for record in records if record["method"] == "mfa"]
    return PROOFS[kinds[-1]] if kinds else "password"


@transaction.atomic
def welcome(request: HttpRequest, user: User, way: str, *, now: datetime) -> None:
    """Write the line of the log; tell the person when the browser was never seen before."""
    tries.forget(user.login)
    where = where_of(request)
    is_new = not _recognise(request, user, where.device, now=now)
    line = sign_ins.note(user, Arrival(SignIn.Outcome.OK, way, is_new), where, now=now)
    if is_new:
        mails.post_new_device(user, line)


def mark(request: HttpRequest, answer: HttpResponse) -> None:
    """Hand the browser the cookie that `welcome` made for it."""
    cookie = getattr(request, "new_device_cookie", "")
    if cookie:
        answer.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            cookie,
            max_age=COOKIE_LIFE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def _recognise(request: HttpRequest, user: User, label: str, *, now: datetime) -> bool:
    """Whether this person signed in from this browser before; it is known from now on."""
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    with access.acting_as(user.pk):
        mine = KnownDevice.objects.filter(user=user, cookie_sha256=tries.fingerprint(cookie))
        if cookie and mine.update(last_at=now, label=label):
            return True
        # At a shared desk the cookie stays, and each person has a row of their own.
        fresh = cookie or secrets.token_urlsafe(COOKIE_BYTES)
        KnownDevice.objects.create(
            user=user,
            cookie_sha256=tries.fingerprint(fresh),
            label=label,
            first_at=now,
            last_at=now,
        )
    request.new_device_cookie = fresh  # type: ignore[attr-defined]
    return False
