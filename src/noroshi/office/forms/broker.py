"""A connection over MQTT: which broker, who we are there, and which topics we ask for."""

import secrets
import ssl
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from noroshi.inbox.actions import NewConnection
from noroshi.inbox.brokers import NewBroker
from noroshi.inbox.models import Broker, Connection
from noroshi.office.forms.connection import check_name, initial_of, settings_of
from noroshi.tenants.models import Tenant

Kind = Connection.Kind
# A downlink of Sigfox is the answer to its request; over a broker there is none.
KINDS = [(kind.value, kind.label) for kind in (Kind.CHIRPSTACK, Kind.TTS, Kind.JSON)]
TOPICS_MAX = 20
TOPIC_CHARS_MAX = 200
PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class BrokerForm(forms.Form):
    """What is said of one. The kind cannot be changed afterwards."""

    name = forms.CharField(label=gettext_lazy("名前"), max_length=100)
    kind = forms.ChoiceField(label=gettext_lazy("種類"), choices=KINDS)
    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"),
        label=gettext_lazy("契約者"),
        required=False,
        empty_label=gettext_lazy("すべての契約者"),
        help_text=gettext_lazy("選ぶと、その契約者の端末だけを受け付けます。"),
    )
    host = forms.RegexField(
        r"^[A-Za-z0-9.:_-]+$",
        label=gettext_lazy("ホスト名"),
        max_length=253,
        widget=forms.TextInput(attrs=PLAIN),
    )
    port = forms.IntegerField(
        label=gettext_lazy("ポート"), min_value=1, max_value=65535, initial=8883
    )
    is_tls = forms.BooleanField(
        label=gettext_lazy("TLS で暗号化する"), required=False, initial=True
    )
    ca = forms.CharField(
        label=gettext_lazy("CA 証明書（PEM）"),
        max_length=20_000,
        required=False,
        help_text=gettext_lazy(
            "自前の認証局のときだけ貼り付けます。空欄なら一般の認証局で確かめます。"
        ),
        widget=forms.Textarea(attrs={"rows": 4, **PLAIN}),
    )
    version = forms.ChoiceField(
        label=gettext_lazy("プロトコル"), choices=Broker.Version.choices, initial="5"
    )
    user = forms.CharField(
        label=gettext_lazy("利用者名"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=PLAIN),
    )
    password = forms.CharField(
        label=gettext_lazy("パスワード"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    client_id = forms.RegexField(
        r"^[\x21-\x7e]+$",
        label=gettext_lazy("クライアントID"),
        max_length=64,
        help_text=gettext_lazy(
            "ブローカーはこの名前で受信の続きを覚えます。ほかと重ねないでください。"
        ),
        widget=forms.TextInput(attrs=PLAIN),
    )
    topics = forms.CharField(
        label=gettext_lazy("トピック"),
        max_length=TOPICS_MAX * (TOPIC_CHARS_MAX + 2),
        help_text=gettext_lazy("一行に一つ。+ は一段、# はその先すべてです。"),
        widget=forms.Textarea(attrs={"rows": 3, **PLAIN}),
    )
    settings = forms.CharField(
        label=gettext_lazy("設定（JSON）"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, made: Connection | None = None) -> None:
        self.made = made
        fresh = {"client_id": f"noroshi-{secrets.token_hex(4)}"}
        super().__init__(data, initial=said_of(made) if made else fresh)
        if made is not None:
            del self.fields["kind"]

    @property
    def kind_said(self) -> str:
        """The kind, chosen or long since fixed."""
        return self.made.kind if self.made else str(self.cleaned_data.get("kind", ""))

    def clean_name(self) -> str:
        """Two connections of one name would be taken for each other."""
        return check_name(str(self.cleaned_data["name"]), self.made)

    def clean_ca(self) -> str:
        """What no certificate can be read from would stop the listener."""
        text = str(self.cleaned_data["ca"]).strip()
        try:
            ssl.create_default_context(cadata=text or None)
        except (ssl.SSLError, ValueError):
            raise ValidationError(_("PEM 形式の証明書を貼り付けてください。")) from None
        return text

    def clean_topics(self) -> tuple[str, ...]:
        """Filters as MQTT takes them."""
        lines = [line.strip() for line in str(self.cleaned_data["topics"]).splitlines()]
        topics = tuple(dict.fromkeys(line for line in lines if line))
        if not 0 < len(topics) <= TOPICS_MAX:
            raise ValidationError(_("%(n)d行までにしてください。") % {"n": TOPICS_MAX})
        wrong = next((topic for topic in topics if not is_filter(topic)), None)
        if wrong is not None:
            raise ValidationError(
                _("「%(topic)s」はトピックの書き方ではありません。") % {"topic": wrong}
            )
        return topics

    def clean(self) -> dict[str, Any]:
        """The settings must fit the kind; a password is not carried to another place."""
        cleaned = super().clean() or self.cleaned_data
        try:
            cleaned["settings"] = settings_of(cleaned.get("settings", ""), self.kind_said)
        except ValidationError as refusal:
            self.add_error("settings", refusal)
        if self.made is not None and self.made.broker.sealed_password:
            old = self.made.broker
            has_moved = any(
                cleaned.get(name) != getattr(old, name) for name in ("host", "port", "is_tls")
            )
            if has_moved and cleaned.get("user") and not cleaned.get("password"):
                words = _("つなぐ先を変えるときは、パスワードをもう一度入れてください。")
                self.add_error("password", words)
        if cleaned.get("password") and not cleaned.get("user"):
            self.add_error("user", _("パスワードには利用者名が要ります。"))
        return cleaned

    def new_connection(self) -> NewConnection:
        """The connection's own part."""
        cleaned = self.cleaned_data
        return NewConnection(
            name=cleaned["name"],
            kind=self.kind_said,
            tenant=cleaned["tenant"],
            settings=cleaned["settings"],
        )

    def new_broker(self) -> NewBroker:
        """The broker's part."""
        names = NewBroker.__dataclass_fields__
        return NewBroker(**{name: self.cleaned_data[name] for name in names})


def is_filter(topic: str) -> bool:
    """Whether MQTT takes it: + alone in its level, # alone in the last one."""
    levels = topic.split("/")
    if len(topic) > TOPIC_CHARS_MAX or not topic.isprintable():
        return False
    lone = all(level in {"+", "#"} or not {"+", "#"} & set(level) for level in levels)
    return lone and "#" not in levels[:-1]


def said_of(made: Connection) -> dict[str, object]:
    """What the form shows of a connection; its password never."""
    broker = made.broker
    return initial_of(made) | {
        "host": broker.host,
        "port": broker.port,
        "is_tls": broker.is_tls,
        "ca": broker.ca,
        "version": broker.version,
        "user": broker.user,
        "client_id": broker.client_id,
        "topics": "\n".join(broker.topics),
    }
