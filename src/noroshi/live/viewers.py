"""Who may follow which stream: the session of the pages, asked through Django's models."""

from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.utils import timezone

from noroshi.tenants import access, factors, visits
from noroshi.tenants.access import membership_of
from noroshi.tenants.models import User, Visit
from noroshi.tenants.visits import Scope, Seen

SESSIONS = import_module(settings.SESSION_ENGINE)
# A stream keeps pages fresh that are written down themselves.
FOLLOWED = Seen("live", "/live", None, refreshes="/live")


@dataclass(frozen=True, slots=True)
class Stream:
    """What is followed: one tenant's devices, or with None, the office's view of all.

    `is_visit`: by somebody who only looks in; such a stream is asked for again before every news.
    """

    tenant_id: int | None
    is_visit: bool = False


class NotSignedIn(Exception):
    """There is no session, or it ended."""


class NotYours(Exception):
    """The person is known and may not follow this."""


def stream_of(cookies: str, *, tenant_code: str, is_office: bool) -> Stream:
    """Return the stream that the person behind a Cookie header may follow.

    Blocks on the database: call it in a thread. Raises NotSignedIn, NotYours.
    """
    user = _user(cookies)
    if is_office:
        if not user.is_staff:
            raise NotYours
        return Stream(None)
    membership = membership_of(user, tenant_code)
    if membership is not None:
        return Stream(membership.tenant_id)
    return _visited(user, tenant_code, timezone.now())


def _visited(user: User, tenant_code: str, now: datetime) -> Stream:
    with access.acting_as(user.pk):
        running = visits.active_visits(user, now)
    for visit in running:
        is_whole = visit.kind != Visit.Kind.SUBCONTRACTOR or Scope.DEVICES in visit.scope
        if visit.tenant.code == tenant_code and is_whole:
            with access.acting_in(visit.tenant_id, user.pk):
                visits.note_view(visit, FOLLOWED, now)
            return Stream(visit.tenant_id, is_visit=True)
    raise NotYours


def _user(cookies: str) -> User:
    request = HttpRequest()
    request.session = SESSIONS.SessionStore(_session_key(cookies))
    user = get_user(request)
    if not isinstance(user, User):
        raise NotSignedIn
    if user.must_change_password or factors.is_missing(user, request.session):
        raise NotYours
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
