"""What goes by plan and what went; holds that stop it; what was told by letter."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.office.paging import one_of, page_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.retention import certificate, holds, notices
from noroshi.retention.models import REASON_CHARS_MAX, DeletionPlan, DeletionRun, Hold
from noroshi.retention.totals import with_totals
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.models import Tenant
from noroshi.tenants.recent import require_recent

DUTY = Duty.DELETIONS
PER_PAGE = 100
STATES = tuple(str(one) for one in DeletionPlan.State.values)


class HoldForm(forms.Form):
    """Whose deletion is stopped, and why."""

    tenant: "forms.ModelChoiceField[Tenant]" = forms.ModelChoiceField(
        queryset=Tenant.objects.none(), label=gettext_lazy("契約者"), to_field_name="code"
    )
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=REASON_CHARS_MAX,
        help_text=gettext_lazy("係争中、規約違反の調査、自治体の監査など。契約者には見えません。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        field = self.fields["tenant"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Tenant.objects.order_by("name", "pk")


@require_GET
@staff_page(duty=DUTY)
def deletions(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Every plan, the next one first; `?state=` narrows."""
    state = one_of(request, "state", STATES)
    rows = with_totals(DeletionPlan.objects.select_related("tenant", "run"))
    if state:
        rows = rows.filter(state=state)
    context = {
        "page": page_of(request, rows.order_by("-run_on", "-pk"), PER_PAGE),
        "state": state,
        "states": DeletionPlan.State.choices,
        "held": holds.held_ids(),
        "is_narrowed": bool(state),
    }
    return show(request, by, "office/deletions/list.html", context)


@require_GET
@staff_page(duty=DUTY)
def deletion(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One plan: why, what, who was told; what went."""
    plan = get_object_or_404(DeletionPlan.objects.select_related("tenant"), code=code)
    context = {
        "plan": plan,
        "run": DeletionRun.objects.filter(plan=plan).first(),
        "notices": plan.notices.order_by("at", "pk"),
        "page": page_of(request, plan.lines.order_by("device_name", "month"), PER_PAGE),
        "is_held": plan.tenant_id in holds.held_ids(),
        "may_change": _may_change(by),
    }
    return show(request, by, "office/deletions/one.html", context)


@require_POST
@staff_page(duty=DUTY)
def letter(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """Note that the contractor was told by letter."""
    plan = get_object_or_404(DeletionPlan.objects.select_related("tenant"), code=code)
    try:
        notices.note_letter(plan, request.POST.get("note", ""), by=by, now=timezone.now())
    except ValueError:
        messages.error(request, _("どのようにお知らせしたかを書いてください。"))
    else:
        messages.success(request, _("お知らせを記録しました。"))
    return redirect("office-deletion", code=code)


@require_GET
@staff_page(duty=DUTY)
def certificate_file(_request: HttpRequest, _by: Actor, code: str) -> HttpResponseBase:
    """The certificate of a plan that ran."""
    run = get_object_or_404(DeletionRun.objects.select_related("tenant", "plan"), plan__code=code)
    response = HttpResponse(certificate.paper(run), content_type=certificate.CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=certificate.file_name(run)
    )
    return response


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
def all_holds(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Every hold, those in force first; place one."""
    form = HoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        tenant, reason = form.cleaned_data["tenant"], form.cleaned_data["reason"]
        holds.place(tenant, reason, by=by, now=timezone.now())
        messages.success(request, _("データの削除を止めました。"))
        return redirect("office-holds")
    rows = Hold.objects.select_related("tenant", "placed_by", "lifted_by")
    context = {
        "page": page_of(request, rows.order_by("-lifted_at", "-placed_at"), PER_PAGE),
        "form": form,
        "may_change": _may_change(by),
    }
    return show(request, by, "office/deletions/holds.html", context)


@require_POST
@staff_page(duty=DUTY)
@require_recent
def hold_lift(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """End a hold, with a reason."""
    hold = get_object_or_404(Hold.objects.select_related("tenant"), code=code)
    try:
        holds.lift(hold, request.POST.get("reason", ""), by=by, now=timezone.now())
    except holds.HoldRefusal:
        messages.error(request, _("理由を書いてください。解除済みのものは、もう解除できません。"))
    else:
        messages.success(request, _("停止を解除しました。"))
    return redirect("office-holds")


def _may_change(by: Actor) -> bool:
    return by.user is not None and may_change(by.user.staff_roles, DUTY)
