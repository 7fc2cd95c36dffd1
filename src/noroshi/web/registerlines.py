"""The register of users as its pages show it: each line with its state in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from noroshi.tenants import access
from noroshi.tenants.logbook import last_sign_in, with_second_factor
from noroshi.tenants.models import Enrolment, Membership, User

WAITING, INITIAL, ACTIVE, STOPPED, ENDED = "waiting", "initial", "active", "stopped", "ended"
STATES = (WAITING, INITIAL, ACTIVE, STOPPED, ENDED)
BEFORE_FIRST_CHANGE = (User.State.ISSUED, User.State.INITIAL)


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One line; `state` is one of STATES, `mark` the house's mark for it."""

    enrolment: Enrolment
    user: User | None
    state: str
    mark: str
    words: str
    last_at: datetime | None
    has_second_factor: bool


def register_of(member: Membership) -> QuerySet[Enrolment]:
    """Every line of the tenant, with its user and the last sign-in as `last_at`. One query."""
    return (
        access.rows(member, Enrolment)
        .select_related("membership__user")
        .annotate(last_at=last_sign_in("membership__user"))
        .order_by("ended_at", "name", "pk")
    )


def in_state(lines: QuerySet[Enrolment], state: str) -> QuerySet[Enrolment]:
    """Only the lines in one of STATES; any other word means all in force."""
    if state == ENDED:
        return lines.exclude(ended_at=None)
    there = lines.filter(ended_at=None)
    working = Q(membership__stopped_at=None, membership__user__is_active=True)
    first = Q(membership__user__state__in=BEFORE_FIRST_CHANGE)
    if state == WAITING:
        return there.filter(membership=None)
    if state == INITIAL:
        return there.filter(working & first, membership__isnull=False)
    if state == ACTIVE:
        return there.filter(working & ~first, membership__isnull=False)
    if state == STOPPED:
        return there.filter(~working, membership__isnull=False)
    return there


def lines_of(enrolments: Iterable[Enrolment]) -> list[RegisterLine]:
    """Rows of `register_of` in words. One query for the second factors."""
    rows = list(enrolments)
    users = {row.membership.user_id for row in rows if row.membership}
    secured = with_second_factor(users)
    return [line_of(row, secured) for row in rows]


def line_of(enrolment: Enrolment, secured: set[int]) -> RegisterLine:
    """One row in words."""
    user = enrolment.membership.user if enrolment.membership else None
    state = state_of(enrolment)
    mark, words = words_of(state)
    return RegisterLine(
        enrolment=enrolment,
        user=user,
        state=state,
        mark=mark,
        words=words,
        last_at=getattr(enrolment, "last_at", None),
        has_second_factor=user is not None and user.pk in secured,
    )


def state_of(enrolment: Enrolment) -> str:
    """Where a line stands."""
    member = enrolment.membership
    if enrolment.ended_at is not None:
        return ENDED
    if member is None:
        return WAITING
    if member.stopped_at is not None or not member.user.is_active:
        return STOPPED
    return INITIAL if member.user.state in BEFORE_FIRST_CHANGE else ACTIVE


def words_of(state: str) -> tuple[str, str]:
    """(mark, words) of a state."""
    return {
        WAITING: ("unknown", _("発行待ち")),
        INITIAL: ("unknown", _("初回ログイン待ち")),
        ACTIVE: ("ok", _("有効")),
        STOPPED: ("paused", _("停止中")),
        ENDED: ("paused", _("名簿から外れた方")),
    }[state]


def unlisted(member: Membership) -> list[User]:
    """People who may act for the tenant and stand on no line of its register."""
    found = access.rows(member, Membership).filter(enrolment=None, stopped_at=None)
    return [one.user for one in found.select_related("user").order_by("user__name", "pk")]
