"""Signing in and out, choosing a tenant, changing one's password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.web import tries
from noroshi.web.forms.sign import LOGIN_CHARS_MAX, SignInForm
from noroshi.web.member import TENANT_KEY, memberships_of, signed_in


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Ask who is there; too many tries from one place for one login are refused for a while."""

    form_class = SignInForm
    template_name = "web/sign/in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        """Count the try before the password is looked at."""
        login = request.POST.get("username", "")[:LOGIN_CHARS_MAX]
        if not tries.one_more(request, login):
            minutes = tries.WINDOW_S // 60
            return render(request, "web/sign/wait.html", {"minutes": minutes}, status=429)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let the person in."""
        tries.forget(self.request, form.cleaned_data["username"])
        return super().form_valid(form)


@require_GET
def choose_tenant(request: HttpRequest) -> HttpResponseBase:
    """The tenants the person acts for; says so when there is none."""
    user = signed_in(request)
    context = {"memberships": memberships_of(user), "user_name": user.name, "user": user}
    return render(request, "web/sign/choose.html", context)


@require_POST
def act_for(request: HttpRequest, code: str) -> HttpResponseBase:
    """Act for this tenant from now on, in this session."""
    if not any(code == mine.tenant.code for mine in memberships_of(signed_in(request))):
        raise Http404
    request.session[TENANT_KEY] = code
    return redirect("home")


@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponseBase:
    """Change one's own password; the session lives on, all others end."""
    user = signed_in(request)
    form = PasswordChangeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            audit.record(Actor(user, None), "user.password_changed", user, now=timezone.now())
        update_session_auth_hash(request, user)
        messages.success(request, _("パスワードを変更しました。"))
        return redirect("home")
    context = {"form": form, "user_name": user.name, "back": reverse("home")}
    return render(request, "web/sign/password.html", context)
