"""A breach of the terms as the office types it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.office.forms.party import DayInput, PaperForm
from noroshi.tenants.models import Enrolment, Tenant
from noroshi.tenants.violations import CLAUSE_CHARS_MAX, WHAT_CHARS_MAX


class ViolationForm(PaperForm):
    """Who, what, against which clause, found when, shown by what."""

    enrolment = forms.ModelChoiceField(
        queryset=Enrolment.objects.none(),
        label=gettext_lazy("違反した利用者"),
        required=False,
        empty_label=gettext_lazy("契約者自身"),
        to_field_name="code",
        help_text=gettext_lazy("利用者の違反も、契約者の違反として記録します（規約第2条第2項）。"),
    )
    clause = forms.CharField(
        label=gettext_lazy("規約の条項"),
        max_length=CLAUSE_CHARS_MAX,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("例: 第10条第1項(3)")}),
    )
    found_on = forms.DateField(label=gettext_lazy("見つけた日"), widget=DayInput())
    what = forms.CharField(
        label=gettext_lazy("違反の内容"),
        max_length=WHAT_CHARS_MAX,
        help_text=gettext_lazy("確定すると、契約者の管理者が読みます。"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    evidence = forms.CharField(
        label=gettext_lazy("証拠"),
        max_length=WHAT_CHARS_MAX,
        help_text=gettext_lazy("事務局だけが読みます。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    suspends = forms.BooleanField(
        label=gettext_lazy("利用停止に当たる（確定には承認者が要ります）"), required=False
    )

    def __init__(self, tenant: Tenant, *args: Any) -> None:
        super().__init__(*args)
        people = Enrolment.objects.filter(tenant=tenant).order_by("name", "pk")
        self.fields["enrolment"].queryset = people  # type: ignore[attr-defined]
        self.fields["paper"].label = _("証拠の書類")
