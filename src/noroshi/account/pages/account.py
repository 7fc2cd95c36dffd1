"""My account: who I am here, how I prove it, where I am signed in."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from noroshi.account import show
from noroshi.account.forms import ProfileForm
from noroshi.tenants import access, audit, factors, sessions
from noroshi.tenants.agents import label_of
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import KnownDevice, SignIn, User
from noroshi.tenants.sign_ins import place_of

SIGN_INS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser in which the person is signed in."""

    number: int
    device: str
    place: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponseBase:
    """All of it on one page; name, language and zone are changed here."""
    user = show.signed_in(request)
    before = {name: getattr(user, name) for name in ProfileForm.Meta.fields}
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        keep_profile(form, before, now=timezone.now())
        messages.success(request, _("保存しました。"))
        return redirect("account")
    return show.page(request, "account/account.html", {"form": form, **facts(request, user)})


def keep_profile(form: ProfileForm, before: dict[str, str], *, now: datetime) -> None:
    """Save what changed, and write it down."""
    user = form.instance
    after = {name: getattr(user, name) for name in form.changed_data}
    with access.acting_as(user.pk):
        form.save()
        if after:
            audit.record(
                Actor(user, None),
                "user.profile_changed",
                user,
                now=now,
                details={"before": {name: before[name] for name in after}, "after": after},
            )


def facts(request: HttpRequest, user: User) -> dict[str, object]:
    """What the page shows beside the form."""
    proofs = list(Authenticator.objects.filter(user_id=user.pk).order_by("created_at"))
    kinds = {proof.type for proof in proofs}
    with access.acting_as(user.pk):
        sign_ins = list(SignIn.objects.filter(user=user).order_by("-at")[:SIGN_INS_SHOWN])
        devices = list(KnownDevice.objects.filter(user=user).order_by("-last_at"))
    return {
        "user": user,
        "now": timezone.now(),
        "has_app": Authenticator.Type.TOTP in kinds,
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "passkeys": [proof for proof in proofs if proof.type == Authenticator.Type.WEBAUTHN],
        "is_required": factors.is_required(user),
        "browsers": browsers_of(request, user),
        "sign_ins": sign_ins,
        "devices": devices,
    }


def browsers_of(request: HttpRequest, user: User) -> list[Browser]:
    """Where the person is signed in, this one first."""
    rows = UserSession.objects.filter(user_id=user.pk).order_by("-last_seen_at")
    found = [
        Browser(
            number=row.pk,
            device=label_of(row.user_agent),
            place=place_of(row.ip),
            address=row.ip,
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            is_this=row.session_key == request.session.session_key,
        )
        for row in rows
        if row.exists()
    ]
    return sorted(found, key=lambda browser: not browser.is_this)


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponseBase:
    """End one session (`number`), or all but this one."""
    user = show.signed_in(request)
    mine = UserSession.objects.filter(user_id=user.pk)
    others = mine.exclude(session_key=request.session.session_key or "")
    number = request.POST.get("number", "")
    if number:
        others = others.filter(pk=int(number)) if number.isdecimal() else others.none()
    now = timezone.now()
    with access.acting_as(user.pk):
        count = sessions.end(others.values_list("session_key", flat=True))
        if count:
            details = {"count": count}
            audit.record(Actor(user, None), "user.sessions_ended", user, now=now, details=details)
    messages.success(request, _("ほかの機器でのログインを終わらせました。"))
    return redirect("account")


@require_POST
def forget_device(request: HttpRequest) -> HttpResponseBase:
    """A browser that should count as new from now on (`number`)."""
    user = show.signed_in(request)
    number = request.POST.get("number", "")
    now = timezone.now()
    with access.acting_as(user.pk):
        mine = KnownDevice.objects.filter(user=user, pk=int(number) if number.isdecimal() else 0)
        if mine.delete()[0]:
            audit.record(Actor(user, None), "user.device_forgotten", user, now=now)
    messages.success(request, _("この機器を忘れました。次のログインではお知らせを送ります。"))
    return redirect("account")
