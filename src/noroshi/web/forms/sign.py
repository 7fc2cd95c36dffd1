"""Signing in and changing one's password."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

LOGIN_CHARS_MAX = 64
PASSWORD_CHARS_MAX = 200


class SignInForm(AuthenticationForm):
    """Login id and password; one answer for a wrong password, an unknown and a stopped user."""

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

    error_messages = {
        "invalid_login": _("利用者IDかパスワードが違います。もう一度お確かめください。"),
        "inactive": _("利用者IDかパスワードが違います。もう一度お確かめください。"),
    }
