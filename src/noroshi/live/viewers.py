"""Who may follow which stream: the session of the pages, asked through Django's models."""

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest

from noroshi.tenants.access import membership_of
from noroshi.tenants.models import User

SESSIONS = import_module(settings.SESSION_ENGINE)


@dataclass(frozen=True, slots=True)
class Stream:
    """What is followed: one tenant's devices, or with None, the office's view of all."""

    tenant_id: int | None


class NotSignedIn(Exception):
    """There is no session, or it ended."""


class NotYours(Exception):
    """The person is known and may not follow this."""


def stream_of(cookies: str, *, tenant_code: str, is_office: bool) -> Stream:
    """Return the stream that the person behind a Cookie header may follow.

    Blocks on the database: call it in a thread. Raises NotSignedIn, NotYours.
    """
    try:
        user = _user(cookies)
        if is_office:
            if not user.is_staff:
                raise NotYours
            return Stream(None)
        membership = membership_of(user, tenant_code)
        if membership is None:
            raise NotYours
        return Stream(membership.tenant_id)
    finally:
        connections.close_all()


def _user(cookies: str) -> User:
    request = HttpRequest()
    request.session = SESSIONS.SessionStore(_session_key(cookies))
    user = get_user(request)
    if not isinstance(user, User):
        raise NotSignedIn
    return user


def _session_key(cookies: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(cookies)
    except CookieError:
        raise NotSignedIn from None
    morsel = jar.get(settings.SESSION_COOKIE_NAME)
    if morsel is None or not morsel.value:
        raise NotSignedIn
    return morsel.value
