"""The second proof of who somebody is: who must have one, who has, and taking a lost one away."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import gettext as _

from noroshi.tenants import audit, sessions
from noroshi.tenants.models import User
from noroshi.tenants.models.people import LONG_PASSWORD_CHARS

REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes alone are none
HAS_FACTOR = "factor"  # the session's note that one was found: saves a question a request


def is_required(user: User) -> bool:
    """Whether this person must have a second factor: who works for the provider."""
    return user.kind in {User.Kind.STAFF, User.Kind.SUBCONTRACTOR}


def has_factor(user: User) -> bool:
    """Whether the person set up an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=REAL).exists())


def is_missing(user: User, session: SessionBase) -> bool:
    """Whether this session must be held until a second factor is set up."""
    if not is_required(user) or session.get(HAS_FACTOR):
        return False
    if not has_factor(user):
        return True
    session[HAS_FACTOR] = True
    return False


def refusal_of(factor: Authenticator) -> str:
    """Why the person may not remove it, in words; empty = may.

    The last one stays where one is compulsory, and while the password is too short to stand alone.
    """
    if factor.type not in REAL:
        return ""
    others = Authenticator.objects.filter(user_id=factor.user_id, type__in=REAL)
    if others.exclude(pk=factor.pk).exists():
        return ""
    if is_required(factor.user):
        return _("最後の二つ目の確認は外せません。先に、ほかの方法を加えてください。")
    if not factor.user.has_long_password:
        return _("先に、パスワードを%(n)d文字以上のものに変えてください。") % {
            "n": LONG_PASSWORD_CHARS
        }
    return ""


def remove_all(user: User, *, by: audit.Actor, reason: str, now: datetime) -> int:
    """The person lost phone and keys: take all factors away, and end the sessions.

    Returns how many there were. To be called in a transaction, after the person was identified.
    """
    mine = Authenticator.objects.filter(user_id=user.pk)
    kinds = sorted(mine.values_list("type", flat=True))
    if not kinds:
        return 0
    mine.delete()
    sessions.end_all([user])
    audit.record(
        by,
        "user.factors_removed",
        user,
        now=now,
        details={"before": kinds, "after": [], "reason": reason},
    )
    return len(kinds)
