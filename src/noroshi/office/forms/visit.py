"""A visit as the office asks for it: whom, why, for which ticket, for how long."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, ngettext

from noroshi.tenants.models import Tenant, User
from noroshi.tenants.visits import HOURS_MAX, REASON_CHARS_MAX, TICKET_CHARS_MAX, Grant, Scope

SCOPES = [
    (str(Scope.DEVICES), gettext_lazy("センサー端末と計測値")),
    (str(Scope.ALARMS), gettext_lazy("警報と通知条件")),
    (str(Scope.MAILS), gettext_lazy("通知先と通知履歴")),
    (str(Scope.EXPORT), gettext_lazy("データ取り出し")),
]


def hours() -> list[tuple[int, str]]:
    """How long a visit may last."""
    lengths = range(1, HOURS_MAX + 1)
    return [(n, ngettext("%(n)d時間", "%(n)d時間", n) % {"n": n}) for n in lengths]


class VisitForm(forms.Form):
    """Reason, ticket and hours; who looks and where is set by the page."""

    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"), label=gettext_lazy("契約者"), to_field_name="code"
    )
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=REASON_CHARS_MAX,
        error_messages={"required": gettext_lazy("理由を書いてください。契約者にも見えます。")},
        help_text=gettext_lazy("契約者にも見えます。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    ticket = forms.CharField(
        label=gettext_lazy("整理番号"),
        max_length=TICKET_CHARS_MAX,
        error_messages={
            "required": gettext_lazy("整理番号を書いてください（問い合わせの番号など）。")
        },
        help_text=gettext_lazy("問い合わせや障害の番号。"),
    )
    hours = forms.TypedChoiceField(
        label=gettext_lazy("時間"),
        coerce=int,
        choices=hours,  # asked for each form, in its reader's language
    )

    def grant(self) -> Grant:
        """What tenants.visits judges."""
        typed = self.cleaned_data
        return Grant(
            typed.get("reason", ""),
            typed.get("ticket", ""),
            typed.get("hours", 0),
            typed.get("scope", ()),
        )


class SubcontractorVisitForm(VisitForm):
    """The same for a person of a subcontractor, who sees no more than the scope."""

    visitor = forms.ModelChoiceField(queryset=User.objects.none(), label=gettext_lazy("委託先の人"))
    scope = forms.MultipleChoiceField(
        label=gettext_lazy("見せる範囲"), choices=SCOPES, widget=forms.CheckboxSelectMultiple()
    )

    field_order = ("visitor",)

    def __init__(self, data: Any = None, *, initial: dict[str, object] | None = None) -> None:
        super().__init__(data, initial=initial)
        people = User.objects.filter(kind=User.Kind.SUBCONTRACTOR, is_active=True)
        people = people.select_related("subcontractor__party")
        self.fields["visitor"].queryset = people.order_by("login")  # type: ignore[attr-defined]
