"""What is known of how a tenant's users sign in: every try, the last one, hints, second factors."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from noroshi.tenants.factors import REAL
from noroshi.tenants.models import Membership, SignIn, Tenant
from noroshi.tenants.sharing import OK, SIGNED_OUT, Try, sharing_hints

HINTS_OF = timedelta(days=3)
HINTS_MAX = 5
LOOKED_AT_MAX = 1_500  # the newest sign-ins; a page must not read them all


@dataclass(frozen=True, slots=True)
class Hint:
    """Two sign-ins of one person that look like two people."""

    first: SignIn
    second: SignIn


def sign_ins_of(tenant: Tenant) -> QuerySet[SignIn]:
    """The sign-ins of everybody who acts or acted for the tenant, since they were named."""
    people = Membership.objects.filter(tenant=tenant)
    named = people.filter(user=OuterRef("user")).filter(
        Q(enrolment=None) | Q(enrolment__named_at__lte=OuterRef("at"))
    )
    ids = list(people.values_list("user_id", flat=True))
    return SignIn.objects.filter(Exists(named), user__in=ids)


def last_sign_in(user: str) -> Subquery:
    """The instant of the last success of the row's user, for `annotate`; `user` names the field."""
    done = SignIn.objects.filter(user=OuterRef(user), outcome=OK).order_by("-at")
    return Subquery(done.values("at")[:1])


def hints_of(tenant: Tenant, now: datetime) -> list[Hint]:
    """The newest signs of a shared user id in the last HINTS_OF."""
    recent = sign_ins_of(tenant).filter(at__gte=now - HINTS_OF, outcome__in=(OK, SIGNED_OUT))
    newest = recent.order_by("-at", "-pk").values_list(*Try._fields)[:LOOKED_AT_MAX]
    pairs = sharing_hints(Try(*row) for row in newest)[:HINTS_MAX]
    wanted = [one.pk for pair in pairs for one in pair]
    shown = SignIn.objects.select_related("user").in_bulk(wanted)
    return [Hint(shown[first.pk], shown[second.pk]) for first, second in pairs]


def with_second_factor(user_ids: Collection[int]) -> set[int]:
    """Who of them needs more than a password to sign in. One query."""
    found = Authenticator.objects.filter(user__in=user_ids, type__in=REAL)
    return set(found.values_list("user_id", flat=True))
