"""A connection: who may post to us, in what format, and what else the sender must show."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.inbox.actions import NewConnection
from noroshi.inbox.models import Connection
from noroshi.networks import generic
from noroshi.tenants.models import Tenant

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")
SECRET_CHARS_MIN = 16
ENCODINGS = ("hex", "base64", "text")
KNOWN_SETTINGS = {"json": frozenset(generic.DEFAULTS), "sigfox": frozenset({"line"})}
Factor = Connection.SecondFactor


class ConnectionForm(forms.Form):
    """Name, kind, tenant, second factor, settings. The kind cannot be changed afterwards."""

    name = forms.CharField(label=gettext_lazy("名前"), max_length=100)
    kind = forms.ChoiceField(label=gettext_lazy("種類"), choices=Connection.Kind.choices)
    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"),
        label=gettext_lazy("契約者"),
        required=False,
        empty_label=gettext_lazy("すべての契約者"),
        help_text=gettext_lazy("選ぶと、その契約者の端末だけを受け付けます。"),
    )
    factor = forms.ChoiceField(
        label=gettext_lazy("追加の確認"),
        choices=Factor.choices,
        required=False,
        help_text=gettext_lazy("秘密の宛先に加えて、送信側が示すものを決められます。"),
    )
    basic_user = forms.CharField(
        label=gettext_lazy("Basic認証の利用者名"), max_length=100, required=False
    )
    header_name = forms.CharField(
        label=gettext_lazy("ヘッダー名"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "X-Noroshi-Key"}),
    )
    secret = forms.CharField(
        label=gettext_lazy("パスワードまたはヘッダーの値"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    settings = forms.CharField(
        label=gettext_lazy("設定（JSON）"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, made: Connection | None = None) -> None:
        self.made = made
        super().__init__(data, initial=initial_of(made) if made else {})
        if made is not None:
            del self.fields["kind"]

    @property
    def kind_said(self) -> str:
        """The kind, chosen or long since fixed."""
        return self.made.kind if self.made else str(self.cleaned_data.get("kind", ""))

    def clean_name(self) -> str:
        """Two connections of one name would be taken for each other."""
        return check_name(str(self.cleaned_data["name"]), self.made)

    def clean(self) -> dict[str, Any]:
        """The second factor must be whole, the settings must fit the kind."""
        cleaned = super().clean() or self.cleaned_data
        self.check_factor(cleaned)
        try:
            cleaned["settings"] = settings_of(cleaned.get("settings", ""), self.kind_said)
        except ValidationError as refusal:
            self.add_error("settings", refusal)
        return cleaned

    def check_factor(self, cleaned: Mapping[str, Any]) -> None:
        """What each factor needs; when it stays the same, its secret may stay untyped."""
        factor, secret = cleaned.get("factor", ""), cleaned.get("secret", "")
        if not factor:
            return
        if factor == Factor.HEADER and not HEADER_NAME.fullmatch(cleaned.get("header_name", "")):
            self.add_error("header_name", _("ヘッダー名を英数字とハイフンで書いてください。"))
        if factor == Factor.BASIC and secret:
            user = cleaned.get("basic_user", "")
            if not user or ":" in user:
                self.add_error("basic_user", _("「:」を含まない利用者名を書いてください。"))
        is_kept = self.made is not None and self.made.factor == factor
        if not secret and not is_kept:
            self.add_error("secret", _("送信側が示す値を決めてください。"))
        elif secret and (len(secret) < SECRET_CHARS_MIN or not is_latin(secret)):
            words = _("%(n)d文字以上の英数字と記号にしてください。") % {"n": SECRET_CHARS_MIN}
            self.add_error("secret", words)

    def new_connection(self) -> NewConnection:
        """What the inbox makes or changes."""
        cleaned = self.cleaned_data
        factor = cleaned["factor"]
        return NewConnection(
            name=cleaned["name"],
            kind=self.kind_said,
            tenant=cleaned["tenant"],
            factor=factor,
            factor_header=cleaned["header_name"] if factor == Factor.HEADER else "",
            factor_value=factor_value(factor, cleaned["basic_user"], cleaned["secret"]),
            settings=cleaned["settings"],
        )


def check_name(name: str, made: Connection | None) -> str:
    """The name when no other connection has it; else ValidationError."""
    others = Connection.objects.filter(name=name)
    if made is not None:
        others = others.exclude(pk=made.pk)
    if others.exists():
        raise ValidationError(_("この名前の接続はすでにあります。"))
    return name


def initial_of(made: Connection) -> dict[str, object]:
    """What the form shows of a connection; its secrets are not kept and cannot be shown."""
    shown = json.dumps(made.settings, ensure_ascii=False, indent=2) if made.settings else ""
    return {
        "name": made.name,
        "tenant": made.tenant_id,
        "factor": made.factor,
        "header_name": made.factor_header,
        "settings": shown,
    }


def factor_value(factor: str, user: str, secret: str) -> str:
    """What the inbox takes: `user:password` for Basic; empty keeps the old one."""
    if not secret or factor != Factor.BASIC:
        return secret
    return f"{user}:{secret}"


def is_latin(text: str) -> bool:
    """Whether a header can carry it as it is."""
    return text.isascii() and text.isprintable()


def settings_of(text: str, kind: str) -> dict[str, object]:
    """The settings as the network's adapter takes them; ValidationError says what is wrong."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        where = f"{wrong.lineno}:{wrong.colno}" if isinstance(wrong, json.JSONDecodeError) else ""
        raise ValidationError(
            _("JSON として読めません（%(where)s）。") % {"where": where}
        ) from None
    if not isinstance(found, dict):
        raise ValidationError(_("{ } で囲んだ JSON にしてください。"))
    unknown = sorted(set(found) - KNOWN_SETTINGS.get(kind, frozenset()))
    if unknown:
        raise ValidationError(
            _("この種類にない設定です：%(names)s") % {"names": ", ".join(unknown)}
        )
    for name, value in found.items():
        check_setting(name, value)
    return found


def check_setting(name: str, value: object) -> None:
    """One setting; ValidationError when the adapter would refuse every message for it."""
    if name == "fields" and isinstance(value, dict):
        if not all(isinstance(path, str) for path in value.values()):
            raise ValidationError(_("fields の中の値は、項目の場所を示す文字にしてください。"))
        return
    if not isinstance(value, str):
        raise ValidationError(_("%(name)s の値は文字にしてください。") % {"name": name})
    choices = {"space": sorted(generic.SPACES), "payload_encoding": list(ENCODINGS)}.get(name)
    if choices and value not in choices:
        raise ValidationError(
            _("%(name)s は %(choices)s のどれかです。")
            % {"name": name, "choices": ", ".join(choices)}
        )
