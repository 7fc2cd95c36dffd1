"""The tenant's users: who stands on the register, and what an administrator may do with them."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.contracts.effective import limits_of
from noroshi.tenants import access, register
from noroshi.tenants.logbook import hints_of
from noroshi.tenants.models import Enrolment, Membership
from noroshi.tenants.register import NewEnrolment, RegisterRefusal
from noroshi.tenants.review import due_for_review, japans_day
from noroshi.web.forms.enrolment import EnrolmentForm
from noroshi.web.member import actor_of, manager_only, tenant_page
from noroshi.web.paging import page_of
from noroshi.web.registerlines import STATES, in_state, lines_of, register_of, unlisted
from noroshi.web.show import show

PER_PAGE = 50
QUERY_CHARS_MAX = 100


@require_GET
@tenant_page
@manager_only
def users(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The register: how many of how many, search, state."""
    now = timezone.now()
    wanted = request.GET.get("state", "")
    words = request.GET.get("q", "").strip()[:QUERY_CHARS_MAX]
    rows = in_state(register_of(member), wanted)
    if words:
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(email__icontains=words)
            | Q(membership__user__login__icontains=words)
        )
    page = page_of(request, rows, PER_PAGE)
    count = register.current(member.tenant).count()
    limits = limits_of(member.tenant_id, japans_day(now))
    context = {
        "page": page,
        "lines": lines_of(page.object_list),
        "state": wanted if wanted in STATES else "",
        "q": words,
        "count": count,
        "users_max": limits.users_max,
        "is_full": count >= limits.users_max,
        "is_due": due_for_review(member.tenant, japans_day(now)),
        "unlisted": unlisted(member),
        "hints": hints_of(member.tenant, now),
        "now": now,
    }
    return show(request, member, "web/users/list.html", context)


@require_http_methods(["GET", "POST"])
@tenant_page
@manager_only
def user_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Name a user; the office then issues the user id."""
    limits = limits_of(member.tenant_id, japans_day(timezone.now()))
    form = EnrolmentForm(member, limits.widened_class, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = saved(
            request,
            form,
            lambda new: register.name_user(
                member.tenant, new, limits, by=actor_of(member), now=timezone.now()
            ),
            _("「%(name)s」を名簿に載せました。事務局が利用者IDを発行します。"),
        )
        if answer:
            return answer
    is_full = register.current(member.tenant).count() >= limits.users_max
    return show(request, member, "web/users/new.html", {"form": form, "is_full": is_full})


@require_http_methods(["GET", "POST"])
@tenant_page
@manager_only
def user(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """One line of the register: its state, what may be changed, what may be done."""
    found = register_of(member).filter(code=code).first()
    if found is None:
        raise Http404
    limits = limits_of(member.tenant_id, japans_day(timezone.now()))
    form = EnrolmentForm(member, limits.widened_class, found, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = saved(
            request,
            form,
            lambda new: register.change(
                found, new, limits, by=actor_of(member), now=timezone.now()
            ),
            _("「%(name)s」を保存しました。"),
        )
        if answer:
            return answer
    context = {
        "form": form,
        "line": lines_of([found])[0],
        "is_me": found.membership_id == member.pk,
        "now": timezone.now(),
    }
    return show(request, member, "web/users/one.html", context)


@require_POST
@tenant_page
@manager_only
def user_stop(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Stop somebody at once."""
    found, theirs = working(member, code)
    words = _("「%(name)s」を停止しました。ログイン中の画面もすぐに閉じます。")
    return done(
        request,
        lambda: register.stop_at_once(theirs, by=actor_of(member), now=timezone.now()),
        found,
        words,
        is_me=theirs.pk == member.pk,
    )


@require_POST
@tenant_page
@manager_only
def user_start(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Let somebody work again."""
    found, theirs = working(member, code)
    return done(
        request,
        lambda: register.start_again(theirs, by=actor_of(member), now=timezone.now()),
        found,
        _("「%(name)s」を再開しました。"),
    )


@require_POST
@tenant_page
@manager_only
def user_end(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Take somebody off the register."""
    found = access.row(member, Enrolment, code=code)
    return done(
        request,
        lambda: register.end_enrolment(found, by=actor_of(member), now=timezone.now()),
        found,
        _("「%(name)s」を名簿から外しました。"),
        is_me=found.membership_id == member.pk,
    )


def working(member: Membership, code: str) -> tuple[Enrolment, Membership]:
    """The line of this code and its membership; 404 while no user id was issued."""
    found = access.row(member, Enrolment, code=code)
    if found.membership is None:
        raise Http404
    return found, found.membership


def saved(
    request: HttpRequest,
    form: EnrolmentForm,
    save: Callable[[NewEnrolment], Enrolment],
    words: str,
) -> HttpResponseBase | None:
    """Save and go to the line; None when the register refused, with the reason on the form."""
    try:
        made = save(form.new_enrolment())
    except RegisterRefusal as refusal:
        form.add_error(None, str(refusal))
        return None
    messages.success(request, words % {"name": made.name})
    if form.caution:
        messages.warning(request, form.caution)
    return redirect("user", made.code)


def done(
    request: HttpRequest,
    act: Callable[[], object],
    found: Enrolment,
    words: str,
    *,
    is_me: bool = False,
) -> HttpResponseBase:
    """Act and say so; who took the own access away is signed out."""
    try:
        act()
    except RegisterRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect("user", found.code)
    if is_me:
        logout(request)
        return redirect("sign-in")
    messages.success(request, words % {"name": found.name})
    return redirect("user", found.code)
