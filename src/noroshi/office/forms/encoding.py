"""A JSON object to try a codec's encoder on."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from noroshi.codecs.downlink import DATA_CHARS_MAX, BadData, data_from
from noroshi.codecs.words import say_encoder_error
from noroshi.office.forms.codec import CODE_TYPING


class EncodeForm(forms.Form):
    """What would be sent to the device; the port is the workbench's own field."""

    content = forms.CharField(
        label=gettext_lazy("試す下りの内容（JSON）"),
        required=False,
        max_length=DATA_CHARS_MAX,
        initial="{}",
        help_text=gettext_lazy(
            '例 {"interval": 10}。encodeDownlink が input.data として受け取ります。'
        ),
        widget=forms.Textarea(attrs={**CODE_TYPING, "class": "", "rows": "3"}),
    )

    def clean_content(self) -> dict[str, object]:
        """The object."""
        try:
            return data_from(str(self.cleaned_data["content"]) or "{}")
        except BadData as why:
            raise ValidationError(f"{say_encoder_error('bad_data')} {why}") from why
