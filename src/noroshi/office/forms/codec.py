"""A codec's source, and a payload to try it on."""

import re
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.codecs.models import SOURCE_CHARS_MAX, Codec
from noroshi.codecs.sandbox import PAYLOAD_BYTES_MAX

NOISE = re.compile(r"[\s,:\-]|0x", re.IGNORECASE)
F_PORT_MAX = 255
CODE_TYPING = {
    "class": "code",
    "spellcheck": "false",
    "autocapitalize": "off",
    "autocomplete": "off",
    "wrap": "off",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A payload that somebody typed."""

    payload: bytes
    f_port: int | None


class SourceForm(forms.Form):
    """The workbench. What is only tried needs no note; what is only saved needs no payload."""

    source = forms.CharField(
        label=gettext_lazy("ソース"),
        required=False,
        strip=False,
        max_length=SOURCE_CHARS_MAX,
        widget=forms.Textarea(attrs=CODE_TYPING),
    )
    payload = forms.CharField(
        label=gettext_lazy("試すデータ（16進）"),
        required=False,
        max_length=PAYLOAD_BYTES_MAX * 3,
        help_text=gettext_lazy("例 01 0D FF。空白や 0x は入れたままでかまいません。"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    f_port = forms.IntegerField(label="fPort", required=False, min_value=0, max_value=F_PORT_MAX)
    note = forms.CharField(
        label=gettext_lazy("変更の説明"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("版の一覧に残ります。"),
    )

    def clean_payload(self) -> bytes:
        """The bytes; spaces and separators do not matter."""
        digits = NOISE.sub("", str(self.cleaned_data["payload"]))
        try:
            return bytes.fromhex(digits)
        except ValueError:
            raise ValidationError(
                _("0〜9 と A〜F を、2文字で1バイトになるように書いてください。")
            ) from None

    def has_changed_source(self) -> bool:
        """Whether the source is another one than the version in force."""
        before = str(self.initial.get("source", ""))
        return str(self.cleaned_data["source"]).replace("\r\n", "\n") != before

    def typed(self) -> Typed:
        """The payload to try."""
        return Typed(self.cleaned_data["payload"], self.cleaned_data["f_port"])


class NewCodecForm(SourceForm):
    """A codec that is new here."""

    name = forms.CharField(label=gettext_lazy("名前"), max_length=100)
    kind = forms.ChoiceField(label=gettext_lazy("種類"), choices=Codec.Kind.choices)

    def clean_name(self) -> str:
        """Names tell codecs apart."""
        name = str(self.cleaned_data["name"])
        if Codec.objects.filter(name=name).exists():
            raise ValidationError(_("この名前のデコーダーはすでにあります。"))
        return name
