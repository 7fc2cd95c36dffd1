"""Parties, agents, subcontractors and their papers, as the office types them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.outbox.addresses import BadAddress, clean_address
from noroshi.tenants import filing
from noroshi.tenants.models import Paper, Party, Subcontractor
from noroshi.tenants.parties import PartyFacts
from noroshi.tenants.subcontractors import Entry

FILES_TAKEN = ".pdf,.png,.jpg,.jpeg"


class DayInput(forms.DateInput):
    """A day, by the browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PartyForm(forms.Form):
    """The facts of a party; what they must be is judged in tenants.parties."""

    kind = forms.ChoiceField(label=gettext_lazy("事業者の種類"), choices=Party.Kind.choices)
    name = forms.CharField(label=gettext_lazy("名称"), max_length=200)
    kana = forms.CharField(label=gettext_lazy("フリガナ"), max_length=200, required=False)
    corporate_number = forms.CharField(
        label=gettext_lazy("法人番号"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("13桁。個人事業主は空欄にします。"),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    postcode = forms.CharField(
        label=gettext_lazy("郵便番号"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    municipality_code = forms.CharField(
        label=gettext_lazy("市区町村コード"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("6桁（検査用の数字を含む）。"),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    address = forms.CharField(label=gettext_lazy("住所"), max_length=300, required=False)
    representative = forms.CharField(label=gettext_lazy("代表者"), max_length=100, required=False)
    contact_name = forms.CharField(label=gettext_lazy("担当者"), max_length=100, required=False)
    contact_email = forms.CharField(
        label=gettext_lazy("担当者のメール"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("電話"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )

    def clean_contact_email(self) -> str:
        """Empty, or an address that a mail can be sent to."""
        return plain_address(str(self.cleaned_data["contact_email"]))

    def facts(self) -> PartyFacts:
        """What was typed; what is no field's value stays out, and is a fault of its own."""
        typed = self.cleaned_data
        return PartyFacts(**{name: typed.get(name, "") for name in PartyFacts.__dataclass_fields__})


class NewPartyForm(PartyForm):
    """The same with the standing that a party begins in."""

    standing = forms.ChoiceField(
        label=gettext_lazy("立場"),
        choices=[
            (str(one), one.label) for one in (Party.Standing.APPLICANT, Party.Standing.PARTNER)
        ],
    )


class PaperForm(forms.Form):
    """One file: looked at by its bytes."""

    paper = forms.FileField(
        label=gettext_lazy("書類"),
        help_text=gettext_lazy("PDF・PNG・JPEG、5MBまで。"),
        widget=forms.ClearableFileInput(attrs={"accept": FILES_TAKEN}),
        required=False,
    )

    def clean_paper(self) -> "UploadedFile[bytes] | None":
        """A file that could be kept."""
        return checked_file(self.cleaned_data["paper"])


class CorrectionForm(PaperForm):
    """Why a contracting party's name is put right, with the paper that shows it."""

    reason = forms.CharField(
        label=gettext_lazy("名義を直す理由"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("契約者の名義を直すときだけ。法人番号が同じなら要りません。"),
    )


class StandingForm(forms.Form):
    """What a party becomes, and why."""

    standing = forms.ChoiceField(label=gettext_lazy("新しい立場"), choices=Party.Standing.choices)
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=500)


class AgentForm(forms.Form):
    """From when to when a party sells for the provider."""

    since = forms.DateField(label=gettext_lazy("開始日"), widget=DayInput())
    until = forms.DateField(label=gettext_lazy("終了日"), widget=DayInput(), required=False)


class SubcontractorForm(forms.Form):
    """A line of the register of subcontractors."""

    works = forms.MultipleChoiceField(
        label=gettext_lazy("委託する業務"),
        choices=list(Subcontractor.WORKS.items()),
        widget=forms.CheckboxSelectMultiple(),
    )
    tier = forms.IntegerField(
        label=gettext_lazy("委託の段階（1＝直接）"), min_value=1, max_value=5, initial=1
    )
    country = forms.CharField(label=gettext_lazy("所在国（2文字）"), max_length=2, initial="JP")
    since = forms.DateField(label=gettext_lazy("開始日"), widget=DayInput())
    until = forms.DateField(label=gettext_lazy("終了日"), widget=DayInput(), required=False)

    def entry(self) -> Entry:
        """What the register takes."""
        return Entry(**self.cleaned_data)


class NewSubcontractorForm(SubcontractorForm):
    """The same for a party that is not in the register yet."""

    party = forms.ModelChoiceField(queryset=Party.objects.none(), label=gettext_lazy("取引先"))

    field_order = ("party",)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.free = Party.objects.filter(subcontractor=None, standing=Party.Standing.PARTNER)
        self.fields["party"].queryset = self.free.order_by("name")  # type: ignore[attr-defined]

    def has_parties(self) -> bool:
        """Whether there is anybody to choose."""
        return self.free.exists()

    def entry(self) -> Entry:
        """What the register takes."""
        return Entry(**{key: value for key, value in self.cleaned_data.items() if key != "party"})


class AgreementsForm(forms.Form):
    """Both agreements: each with its day and its paper, or not yet."""

    secrecy_agreed_on = forms.DateField(
        label=gettext_lazy("秘密保持契約の日"), widget=DayInput(), required=False
    )
    secrecy_paper = forms.FileField(
        label=gettext_lazy("秘密保持契約の書類"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": FILES_TAKEN}),
    )
    privacy_agreed_on = forms.DateField(
        label=gettext_lazy("個人情報の取扱契約の日"), widget=DayInput(), required=False
    )
    privacy_paper = forms.FileField(
        label=gettext_lazy("個人情報の取扱契約の書類"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": FILES_TAKEN}),
    )

    def clean(self) -> dict[str, Any]:
        """A day needs its paper, and a paper its day."""
        cleaned = super().clean() or self.cleaned_data
        for kind in ("secrecy", "privacy"):
            paper, day = cleaned.get(f"{kind}_paper"), cleaned.get(f"{kind}_agreed_on")
            if bool(paper) != bool(day):
                self.add_error(f"{kind}_paper", _("日付と書類は、いっしょに届けてください。"))
            try:
                checked_file(paper)
            except ValidationError as refusal:
                self.add_error(f"{kind}_paper", refusal)
        return cleaned


class PersonForm(forms.Form):
    """A person of a subcontractor who gets an account."""

    name = forms.CharField(label=gettext_lazy("お名前"), max_length=100)
    email = forms.CharField(
        label=gettext_lazy("メールアドレス"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_email(self) -> str:
        """Empty, or an address that a mail can be sent to."""
        return plain_address(str(self.cleaned_data["email"]))


def plain_address(text: str) -> str:
    """Empty, or an address that a mail can be sent to; raises ValidationError."""
    try:
        return clean_address(text) if text else ""
    except BadAddress as refusal:
        raise ValidationError(str(refusal)) from None


def checked_file(file: "UploadedFile[bytes] | None") -> "UploadedFile[bytes] | None":
    """The file, when it is small enough and what it must be; raises ValidationError."""
    if file is None:
        return None
    if (file.size or 0) > Paper.SIZE_MAX:
        raise ValidationError(_("5MB以下のファイルにしてください。"))
    body = file.read()
    file.seek(0)
    if not filing.kind_of(body):
        raise ValidationError(_("PDF・PNG・JPEG のファイルを選んでください。"))
    return file
