"""What people type in the front hall."""

from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from noroshi.account.codes import use_up
from noroshi.outbox.addresses import is_sendable
from noroshi.tenants.models import User

LOGIN_CHARS_MAX = 64
PASSWORD_CHARS_MAX = 200
# Where readers of a Japanese service sit; a person's own zone is offered besides.
ZONES = (
    *("Asia/Tokyo", "UTC", "Asia/Seoul", "Asia/Shanghai", "Asia/Taipei", "Asia/Hong_Kong"),
    *("Asia/Manila", "Asia/Singapore", "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Jakarta"),
    *("Asia/Kolkata", "Asia/Dubai", "Australia/Sydney", "Pacific/Auckland", "Pacific/Honolulu"),
    *("America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York"),
    *("America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Paris", "Africa/Nairobi"),
)
WRONG = _("利用者IDかパスワードが違います。もう一度お確かめください。")


class SignInForm(forms.Form):
    """User id and password."""

    username = forms.CharField(
        label=_("利用者ID"),
        max_length=LOGIN_CHARS_MAX,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label=_("パスワード"),
        max_length=PASSWORD_CHARS_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ForgottenForm(forms.Form):
    """Whose password is forgotten."""

    username = forms.CharField(
        label=_("利用者ID"),
        max_length=LOGIN_CHARS_MAX,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )


class PasswordForm(forms.Form):
    """The present password, to prove once more who it is."""

    password = forms.CharField(
        label=_("いまのパスワード"),
        max_length=PASSWORD_CHARS_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or one from the list of recovery codes; each is good once."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("確認コード")
        field.max_length = 16
        field.widget.attrs = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "autofocus": True,
        }

    def clean_code(self) -> str:
        """The library forgets a used code sooner than the code dies, so its number is kept."""
        code = str(super().clean_code())
        if self.authenticator.type == Authenticator.Type.TOTP and not use_up(
            self.authenticator, code
        ):
            raise ValidationError(
                _("コードが違うか、使い終わったコードです。新しいコードを入力してください。")
            )
        return code


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, language, time zone."""

    zone = forms.ChoiceField(label=_("時間帯"))
    language = forms.ChoiceField(label=_("言語"), choices=lambda: settings.LANGUAGES)

    class Meta:
        model = User
        fields = ["name", "language", "zone"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = dict.fromkeys([*ZONES, self.instance.zone])
        self.fields["zone"].choices = [(name, name) for name in choices]  # type: ignore[attr-defined]


class MailForm(forms.Form):
    """The new mail address."""

    email = forms.EmailField(
        label=_("新しいメールアドレス"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """Only what the mail program can send to."""
        address = str(self.cleaned_data["email"]).strip()
        if not is_sendable(address):
            raise ValidationError(_("このアドレスには送れません。綴りをお確かめください。"))
        return address
