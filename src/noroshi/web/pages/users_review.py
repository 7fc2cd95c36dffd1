"""The yearly review of the register (名簿の棚卸し): every line is kept or ended, on one page."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from noroshi.tenants import access, register
from noroshi.tenants.models import AuditEntry, Membership
from noroshi.tenants.register import RegisterRefusal
from noroshi.tenants.review import due_for_review, japans_day, next_review_on
from noroshi.web.member import actor_of, manager_only, tenant_page
from noroshi.web.registerlines import lines_of, register_of
from noroshi.web.show import show

REVIEWED = "register.reviewed"
FIELD = "line-"
KEEP, END = "keep", "end"


@require_http_methods(["GET", "POST"])
@tenant_page
@manager_only
def users_review(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Every line with keep or end; what was chosen stays when the register refuses."""
    now = timezone.now()
    chosen = choices_of(request)
    problem = ""
    if request.method == "POST":
        kept = [code for code, choice in chosen.items() if choice == KEEP]
        ended = [code for code, choice in chosen.items() if choice == END]
        own = access.rows(member, type(member)).filter(pk=member.pk, enrolment__code__in=ended)
        is_me = own.exists()
        try:
            register.review(member.tenant, kept, ended, by=actor_of(member), now=now)
        except RegisterRefusal as refusal:
            problem = str(refusal)
        else:
            if is_me:
                logout(request)
                return redirect("sign-in")
            messages.success(request, _("名簿の棚卸しを記録しました。"))
            return redirect("users-review")
    today = japans_day(now)
    context = {
        "rows": [
            (line, chosen.get(line.enrolment.code, KEEP))
            for line in lines_of(register_of(member).filter(ended_at=None))
        ],
        "problem": problem,
        "last": last_review(member),
        "is_due": due_for_review(member.tenant, today),
        "next_on": next_review_on(member.tenant, today),
    }
    return show(request, member, "web/users/review.html", context)


def choices_of(request: HttpRequest) -> dict[str, str]:
    """The choice sent for each line, by its code."""
    return {
        name.removeprefix(FIELD): str(value)
        for name, value in request.POST.items()
        if name.startswith(FIELD)
    }


def last_review(member: Membership) -> AuditEntry | None:
    """When the register was reviewed last, and by whom."""
    done = access.rows(member, AuditEntry).filter(action=REVIEWED).select_related("user")
    return done.order_by("-at", "-pk").first()
