"""初期パスワードの変更: the one page that an initial password, or an opened link, leads to."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from noroshi.account.first_form import NewPasswordForm
from noroshi.account.pages.link import USER_KEY
from noroshi.account.surroundings import surroundings
from noroshi.tenants import accounts
from noroshi.tenants.models import User


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def first_password(request: HttpRequest) -> HttpResponseBase:
    """Choose one's own password; only then does the account open."""
    now = timezone.now()
    user = whose(request)
    if user is None or not user.must_change_password:
        return redirect("home")
    if accounts.may_sign_in(user, now=now) is not None:
        return too_late(request)
    accounts.began(user, now=now)
    around = surroundings(user)
    form = NewPasswordForm(request.POST or None, around)
    if request.method == "POST" and form.is_valid():
        try:
            return chosen(request, user, form.password(), now=now)
        except accounts.Reused as refusal:
            form.add_error("new1", str(refusal))
        except accounts.AccountRefusal:
            return too_late(request)
    context = {"form": form, "user": user, "user_name": user.name, "min": around.chars_min}
    return render(request, "account/first.html", context)


def whose(request: HttpRequest) -> User | None:
    """Who is signed in, or whose link was opened in this browser."""
    if isinstance(request.user, User):
        return request.user
    return User.objects.filter(pk=request.session.get(USER_KEY, 0)).first()


def chosen(request: HttpRequest, user: User, password: str, *, now: datetime) -> HttpResponseBase:
    """Put it in force. Who signed in goes on working; who came by a link signs in now."""
    keep = request.session.session_key if request.user.is_authenticated else ""
    accounts.first_change(user, password, keep=keep or "", now=now)
    if request.user.is_authenticated:
        update_session_auth_hash(request, user)
        messages.success(
            request, _("パスワードを変更しました。これからは、このパスワードでログインします。")
        )
        return redirect("home")
    request.session.flush()
    messages.success(
        request, _("パスワードを決めました。利用者IDと新しいパスワードでログインしてください。")
    )
    return redirect("sign-in")


def too_late(request: HttpRequest) -> HttpResponseBase:
    """The time is over: out, with what to do next."""
    logout(request)
    return render(request, "account/first_late.html", status=403)
