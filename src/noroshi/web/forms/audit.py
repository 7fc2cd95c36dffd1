"""The notice of an audit: who looks, why, as whom, from when to when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from noroshi.outbox.addresses import ADDRESS_CHARS_MAX
from noroshi.tenants import access
from noroshi.tenants.models import Membership, Visit
from noroshi.tenants.visits import REASON_CHARS_MAX, Notice
from noroshi.web.addresses import check_address

EARLIER_ALLOWED = timedelta(minutes=5)  # a form takes a while to fill in


class AuditForm(forms.Form):
    """The times are in the reader's zone; an empty beginning means at once.

    What may not be filed is judged by `tenants.visits.file_audit`.
    """

    name = forms.CharField(
        label=_("閲覧する方のお名前"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    department = forms.ChoiceField(
        label=_("部署"), choices=Visit.Department.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("目的"), max_length=REASON_CHARS_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )
    on_behalf_of = forms.ChoiceField(label=_("だれの画面を見ますか"))
    email = forms.CharField(
        label=_("閲覧する方のメールアドレス"),
        max_length=ADDRESS_CHARS_MAX,
        required=False,
        widget=forms.TextInput(
            attrs={"inputmode": "email", "autocomplete": "off", "autocapitalize": "none"}
        ),
    )
    since = forms.DateTimeField(
        label=_("開始"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        label=_("終了"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, member: Membership, *, now: datetime, data: Any = None) -> None:
        super().__init__(data)
        self.now = now
        self.people = dict(people_of(member))
        self.fields["on_behalf_of"].choices = [  # type: ignore[attr-defined]
            (key, one.user.name) for key, one in self.people.items()
        ]

    def clean_email(self) -> str:
        """The address, tidied; empty when there is none."""
        text = self.cleaned_data["email"]
        return check_address(text).address if text else ""

    def clean_since(self) -> datetime | None:
        """Never before the notice; a beginning that passed while typing means at once."""
        since: datetime | None = self.cleaned_data["since"]
        if since is None or since > self.now:
            return since
        if since < self.now - EARLIER_ALLOWED:
            raise forms.ValidationError(_("事前の通知です。いまより後の時刻にしてください。"))
        return None

    def notice(self) -> Notice:
        """The valid form as a value; call after `is_valid`."""
        told = self.cleaned_data
        return Notice(
            name=told["name"],
            department=told["department"],
            reason=told["reason"],
            until=told["until"],
            since=told["since"],
            email=told["email"],
            on_behalf_of=self.people[told["on_behalf_of"]],
        )


def people_of(member: Membership) -> Iterator[tuple[str, Membership]]:
    """Whose view an auditor may get: everybody who acts for the tenant now."""
    acting = access.rows(member, Membership).filter(stopped_at=None, user__is_active=True)
    for one in acting.select_related("user", "enrolment").order_by("user__name", "pk"):
        yield str(one.pk), one
