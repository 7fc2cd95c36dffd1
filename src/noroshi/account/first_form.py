"""A new password, typed twice and judged."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.tenants.passwords import CHARS_MAX, Surroundings, normal, problems

TYPING = {"autocomplete": "new-password", "autocapitalize": "none", "spellcheck": "false"}
TYPED_CHARS_MAX = CHARS_MAX * 4  # so that the judgement, not the browser, says what is too long


class NewPasswordForm(forms.Form):
    """`around` is what the password may not contain."""

    new1 = forms.CharField(
        label=gettext_lazy("新しいパスワード"),
        strip=False,
        max_length=TYPED_CHARS_MAX,
        widget=forms.PasswordInput(attrs=TYPING),
    )
    new2 = forms.CharField(
        label=gettext_lazy("新しいパスワード（もう一度）"),
        strip=False,
        max_length=TYPED_CHARS_MAX,
        widget=forms.PasswordInput(attrs=TYPING),
    )

    def __init__(self, data: Any, around: Surroundings) -> None:
        super().__init__(data)
        self._around = around

    def clean_new1(self) -> str:
        """Refused with every reason at once."""
        found = problems(str(self.cleaned_data["new1"]), self._around)
        if found:
            raise ValidationError(list(found))
        return str(self.cleaned_data["new1"])

    def clean_new2(self) -> str:
        """The same once more."""
        again = str(self.cleaned_data["new2"])
        first = self.cleaned_data.get("new1")
        if first is not None and normal(str(first)) != normal(again):
            raise ValidationError(_("上の欄と同じものを入れてください。"))
        return again

    def password(self) -> str:
        """What was chosen."""
        return str(self.cleaned_data["new1"])
