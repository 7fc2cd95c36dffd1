"""Brokers for the office: how each fares, and trying one out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from noroshi.base.models import Pulse
from noroshi.base.sealing import Unreadable
from noroshi.inbox.brokers import password_of
from noroshi.inbox.models import Broker, Connection, Listening
from noroshi.mqtt.link import Place
from noroshi.mqtt.packets import V3, V5, Login
from noroshi.mqtt.trial import try_out
from noroshi.mqtt.trouble import Trouble, Why

QUIET = timedelta(seconds=30)
State = Listening.State


@dataclass(frozen=True, slots=True)
class Standing:
    """How a broker fares: `mark` is a kind of `{% state %}`, `words` say it, `hint` what to do."""

    mark: str
    words: str
    hint: str = ""
    detail: str = ""
    listening: Listening | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial; `detail` is the other side's own words."""

    is_good: bool
    words: str
    detail: str = ""


def standing(made: Connection, *, now: datetime) -> Standing:
    """How the listener fares with a connection's broker. Two queries at most."""
    row = Listening.objects.filter(pk=made.pk).first()
    if not made.is_open:
        return Standing("paused", _("停止中"), listening=row)
    is_alive = Pulse.objects.filter(program="listen", seen_at__gt=now - QUIET).exists()
    if not is_alive:
        hint = _("受信のプログラム noroshi listen が動いていません。システムの画面をご覧ください。")
        return Standing("alarm", _("止まっています"), hint, listening=row)
    if row is None or row.state == State.CONNECTING:
        return Standing("unknown", _("接続中"), listening=row)
    if row.state == State.WAITING:
        return Standing("alarm", _("つながりません"), say(row.why), row.detail, row)
    return Standing("ok", _("受信中"), say(row.why), row.detail, row)


def try_broker(broker: Broker) -> Tried:
    """Log in and subscribe once, as the listener would."""
    try:
        login = Login(
            client_id=broker.client_id,
            user=broker.user,
            password=password_of(broker),
            version=V5 if broker.version == Broker.Version.FIVE else V3,
        )
        place = Place(broker.host, broker.port, broker.is_tls, broker.ca)
        granted = try_out(place, login, broker.topics)
    except Unreadable:
        return Tried(is_good=False, words=say(Why.NO_KEY))
    except Trouble as trouble:
        return Tried(is_good=False, words=say(trouble.why), detail=trouble.detail)
    if 0 in granted:
        return Tried(is_good=True, words=say("qos_0"))
    return Tried(is_good=True, words=_("つながりました。トピックの購読もできます。"))


def say(why: str) -> str:
    """A trouble or a warning in words that tell what to do; unknown ones as they are."""
    return _troubles().get(why, why)


def _troubles() -> Mapping[str, str]:
    return {
        Why.UNREACHABLE: _(
            "ブローカーに届きません。ホスト名とポート、途中の防火壁を確かめてください。"
        ),
        Why.UNKNOWN_HOST: _("このホスト名は見つかりません。つづりを確かめてください。"),
        Why.TLS: _(
            "TLS の証明書を確かめられません。ホスト名と CA 証明書、TLS を使うかを確かめてください。"
        ),
        Why.BAD_CA: _("CA 証明書が PEM 形式ではありません。"),
        Why.NOT_MQTT: _("相手は MQTT を話していません。ポートと TLS を使うかを確かめてください。"),
        Why.NO_ANSWER: _("つながりましたが、返事がありません。ポートを確かめてください。"),
        Why.VERSION: _("ブローカーがこのプロトコルに対応していません。もう一方を選んでください。"),
        Why.CLIENT_ID: _("ブローカーがこのクライアントIDを受け付けません。"),
        Why.LOGIN: _("利用者名かパスワードが違います。"),
        Why.NOT_ALLOWED: _(
            "ブローカーがこの利用者を入れません。利用者名とパスワード、権限を確かめてください。"
        ),
        Why.TOPIC: _(
            "ブローカーがこのトピックの購読を許しません。つづりと権限を確かめてください。"
        ),
        Why.TAKEN_OVER: _(
            "同じクライアントIDで、ほかの誰かがつないでいます。別のIDにしてください。"
        ),
        Why.REFUSED: _("ブローカーが断りました。"),
        Why.LOST: _("ブローカーが接続を切りました。自動でつなぎ直します。"),
        Why.NO_STORE: _("データベースもスプールも書けないため、受け取りを待っています。"),
        Why.NO_KEY: _("保存したパスワードを開けません。もう一度入れてください。"),
        "no_session": _(
            "ブローカーが前回の続きを覚えていません。切れていた間の受信は失われた可能性があります。"
        ),
        "qos_0": _("つながりましたが、QoS 0 でしか届きません。切れている間の受信は失われます。"),
    }
