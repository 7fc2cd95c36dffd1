"""Who gets mails is an act of intent: its exact text, and what is done when it is declared."""

from datetime import datetime

from django.utils.translation import gettext as _

from noroshi.alarms.actions import (
    BadRecipient,
    Person,
    add_recipient,
    change_recipient,
    remove_recipient,
)
from noroshi.alarms.models import Recipient
from noroshi.outbox.addresses import BadAddress
from noroshi.outbox.channels import Channel
from noroshi.tenants.audit import Actor
from noroshi.tenants.intents import Refused
from noroshi.tenants.models import Intent

Payload = dict[str, object]


def adding(person: Person) -> tuple[str, Payload]:
    """(text, payload) of adding somebody."""
    if person.channel == Channel.WEBHOOK:
        text = _(
            "通知先に、次のWebhookを追加します。警報の内容を、このURLへ自動で送ります。\n"
            "名前：%(name)s\nURL：%(address)s"
        ) % _shown(_facts(person))
        return text, {"do": "add", "after": _facts(person)}
    text = _(
        "通知先に、次の人を追加します。\n"
        "お名前：%(name)s\nメールアドレス：%(address)s\nメールの言語：%(language)s"
    ) % _shown(_facts(person))
    return text, {"do": "add", "after": _facts(person)}


def changing(recipient: Recipient, person: Person) -> tuple[str, Payload]:
    """(text, payload) of changing somebody's name, address or language."""
    before, after = _facts(recipient), _facts(person)
    old, new = _shown(before), _shown(after)
    labels = {"name": _("お名前"), "address": _("メールアドレス"), "language": _("メールの言語")}
    lines = [
        _("%(label)s：%(old)s → %(new)s") % {"label": label, "old": old[key], "new": new[key]}
        for key, label in labels.items()
        if before[key] != after[key]
    ]
    head = _("通知先「%(name)s」（%(address)s）を、次のとおり変更します。") % old
    payload: Payload = {"do": "change", "code": recipient.code, "before": before, "after": after}
    return "\n".join([head, *lines]), payload


def removing(recipient: Recipient) -> tuple[str, Payload]:
    """(text, payload) of taking somebody off the list."""
    before = _facts(recipient)
    if recipient.is_webhook:
        text = _(
            "通知先「%(name)s」（%(address)s）を外します。\n"
            "このURLは、すべての通知条件からも外れます。まだ送っていない知らせは送りません。"
        ) % _shown(before)
        return text, {"do": "remove", "code": recipient.code, "before": before}
    text = _(
        "通知先「%(name)s」（%(address)s）を外します。\n"
        "この人は、すべての通知条件からも外れ、メールを受け取らなくなります。"
    ) % _shown(before)
    return text, {"do": "remove", "code": recipient.code, "before": before}


def is_change(recipient: Recipient, person: Person) -> bool:
    """Whether anything would be different."""
    return _facts(recipient) != _facts(person)


def apply(intent: Intent, by: Actor, now: datetime) -> None:
    """Do what the act says; Refused when somebody changed the list since the text was shown."""
    told = intent.payload
    try:
        if told["do"] == "add":
            add_recipient(Person(**told["after"]), by=by, now=now)
            return
        known = intent.tenant.recipient_set.select_for_update()
        recipient = known.filter(code=told["code"]).first()
        if recipient is None or _facts(recipient) != told["before"]:
            raise Refused(
                "effect",
                _("この通知先は、表示のあとで変更されました。はじめからやり直してください。"),
            )
        if told["do"] == "remove":
            remove_recipient(recipient, by=by, now=now)
        else:
            person = Person(**told["after"], is_active=recipient.is_active)
            change_recipient(recipient, person, by=by, now=now)
    except (BadRecipient, BadAddress) as error:
        raise Refused("effect", str(error)) from error


def _facts(who: Person | Recipient) -> dict[str, str]:
    facts = {"name": who.name, "address": who.address, "language": who.language}
    return facts | ({"channel": str(who.channel)} if who.channel != Channel.MAIL else {})


def _shown(facts: dict[str, str]) -> dict[str, str]:
    return facts | {"language": Recipient(language=facts["language"]).get_language_display()}
