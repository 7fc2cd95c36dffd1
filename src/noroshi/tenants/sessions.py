"""Every browser in which somebody is signed in: how long it lasts, and ending it from afar."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from noroshi.tenants.models import User
from noroshi.tenants.sign_ins import address_of

IDLE_S_MAX = 30 * 60
IDLE_S_MAX_INSIDE = 15 * 60  # who sees more than one contractor's affairs
LIFE_S_MAX = 12 * 3600
SEEN_EVERY_S = 60  # how exactly the last moment is kept: it costs a write
BEGAN, SEEN = "began", "seen"  # epoch seconds, in the session
AGENT_CHARS_MAX = 200
YOUNG = timedelta(days=1)


def idle_s_max(user: User) -> int:
    """After how many seconds without a sign of life this person must sign in again."""
    is_inside = user.kind in {User.Kind.STAFF, User.Kind.SUBCONTRACTOR}
    return IDLE_S_MAX_INSIDE if is_inside else IDLE_S_MAX


def is_alive(request: HttpRequest, user: User, *, now: datetime) -> bool:
    """Whether the session may go on; keeps note of it when a person moved.

    The limits also stand in the session's own expiry, so that every program sees its end.
    """
    at, session = now.timestamp(), request.session
    began, seen = session.get(BEGAN), session.get(SEEN)
    if began is None or seen is None:
        begin(request, user, now=now)
        return True
    if at - seen > idle_s_max(user) or at - began > LIFE_S_MAX:
        return False
    if at - seen >= SEEN_EVERY_S and is_by_hand(request):
        session[SEEN] = at
        session.set_expiry(max(1, int(min(idle_s_max(user), began + LIFE_S_MAX - at))))
        UserSession.objects.filter(session_key=session.session_key).update(
            last_seen_at=now, ip=address_of(request) or "::", user_agent=_agent(request)
        )
    return True


def begin(request: HttpRequest, user: User, *, now: datetime) -> None:
    """Somebody came in: the clocks start, and the browser stands on the person's list."""
    session = request.session
    session[BEGAN] = session[SEEN] = now.timestamp()
    session.set_expiry(idle_s_max(user))
    if not session.session_key:
        session.save()
    row = UserSession(
        session_key=session.session_key,
        user_id=user.pk,
        ip=address_of(request) or "::",
        user_agent=_agent(request),
        created_at=now,
        last_seen_at=now,
    )
    UserSession.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "ip", "user_agent", "last_seen_at"],
    )


def is_by_hand(request: HttpRequest) -> bool:
    """Whether a person did this: a page that keeps itself fresh must not keep the session alive."""
    mode = request.META.get("HTTP_SEC_FETCH_MODE", "navigate")
    return request.method == "POST" or mode == "navigate"


def follow(request: HttpRequest, old_key: str | None) -> None:
    """The session got another key (it does at every step of trust): the list follows."""
    key = request.session.session_key
    if key and old_key and key != old_key and request.user.is_authenticated:
        UserSession.objects.filter(session_key=old_key).update(session_key=key)


def end_all(users: Iterable[User], *, keep: str = "") -> int:
    """End every session of these people, but the one whose key is `keep`; returns how many."""
    theirs = UserSession.objects.filter(user__in=[user.pk for user in users])
    return end(theirs.exclude(session_key=keep).values_list("session_key", flat=True))


def end(keys: Iterable[str]) -> int:
    """End the sessions with these keys; returns how many."""
    gone = list(keys)
    Session.objects.filter(session_key__in=gone).delete()
    return int(UserSession.objects.filter(session_key__in=gone).delete()[0])


def prune(now: datetime) -> int:
    """Delete sessions that ended by themselves, and take them off the lists."""
    ended = Session.objects.filter(expire_date__lt=now).delete()[0]
    there = Session.objects.filter(session_key=OuterRef("session_key"))
    # A session is written at the end of its first request: leave the young alone.
    lost = UserSession.objects.filter(~Exists(there), created_at__lt=now - YOUNG)
    return int(ended + lost.delete()[0])


def _agent(request: HttpRequest) -> str:
    return str(request.META.get("HTTP_USER_AGENT", ""))[:AGENT_CHARS_MAX]
