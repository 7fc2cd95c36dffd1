"""A line of the register of users."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.outbox.addresses import ADDRESS_CHARS_MAX
from noroshi.tenants.models import Enrolment, Membership
from noroshi.tenants.register import NAME_CHARS_MAX, NewEnrolment
from noroshi.web.addresses import check_address

ROLES = [
    (Membership.Role.ADMIN, _("管理者：すべての設定と、利用者の管理")),
    (Membership.Role.EDITOR, _("編集者：通知条件や端末の名前などの変更")),
    (Membership.Role.VIEWER, _("閲覧者：見るだけ")),
]


class EnrolmentForm(forms.Form):
    """Name, address, affiliation, role, authority: what this contract and person may choose."""

    name = forms.CharField(
        label=_("お名前"),
        max_length=NAME_CHARS_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.CharField(
        label=_("メールアドレス"),
        max_length=ADDRESS_CHARS_MAX,
        required=False,
        widget=forms.TextInput(
            attrs={"inputmode": "email", "autocomplete": "off", "autocapitalize": "none"}
        ),
    )
    affiliation = forms.ChoiceField(label=_("所属の区分"))
    role = forms.ChoiceField(label=_("役割"), choices=ROLES, widget=forms.RadioSelect)
    has_authority = forms.BooleanField(
        label=_("契約権限がある（契約の変更や更新など、契約者としての意思表示ができる）"),
        required=False,
    )

    caution = ""

    def __init__(
        self,
        member: Membership,
        widened: str,
        enrolment: Enrolment | None = None,
        *,
        data: Any = None,
    ) -> None:
        initial = (
            {name: getattr(enrolment, name) for name in self.base_fields}
            if enrolment
            else {"affiliation": Enrolment.Affiliation.EMPLOYEE, "role": Membership.Role.VIEWER}
        )
        super().__init__(data, initial=initial)
        self.fields["affiliation"].choices = [  # type: ignore[attr-defined]
            (value, widened if value == Enrolment.Affiliation.WIDENED else label)
            for value, label in Enrolment.Affiliation.choices
            if value != Enrolment.Affiliation.WIDENED or widened
        ]
        has_it = enrolment is not None and enrolment.has_authority
        self.fields["has_authority"].disabled = not (member.has_authority or has_it)

    def clean_email(self) -> str:
        """The address, tidied; empty when the person has none."""
        if not self.cleaned_data["email"]:
            return ""
        checked = check_address(self.cleaned_data["email"])
        self.caution = checked.caution
        return checked.address

    def new_enrolment(self) -> NewEnrolment:
        """The valid form as a value; call after `is_valid`."""
        return NewEnrolment(**self.cleaned_data)
