"""Whoever answers the mail of an alarm has seen it; what else is written stands with it."""

import re
from datetime import datetime

from noroshi.alarms.deeds import COMMENTS_MAX, TEXT_CHARS_MAX, Doer, acknowledge, comment
from noroshi.alarms.models import Deed, Incident, Notice, Recipient
from noroshi.outbox.incoming import Reply

KIND = "incident."
INCIDENTS_MAX = 1000  # of one gathered mail
LINES_MAX = 500

_QUOTED = re.compile(r"^\s*[>＞|]")
# From here on it is the mail that is answered, or a signature.
_REST = re.compile(
    "|".join(
        (
            r"^-- ?$|^_{10,}$|^-{2,} ?(original message|forwarded message)",
            r"^begin forwarded message|^(on|le|am) .{5,200}(wrote|a écrit|schrieb) ?[:：]$",
            r"^(from|差出人|送信者) ?[:：]",
            r"^-{2,} ?(元のメッセージ|転送メッセージ|原文)",
            r"^\d{4}[年/.-] ?\d{1,2}[月/.-] ?\d{1,2}.{0,200}(<.{3,200}>|さん|wrote)?.{0,20}[:：]$",
        )
    ),
    re.IGNORECASE,
)
_DEVICE = re.compile(r"^(sent from my |.{0,20}から送信).{0,40}$", re.IGNORECASE)
_ONLY_SEEN = re.compile(
    "|".join(
        (
            r"(確認|了解|承知|受領|わかり|分かり)(しました|です|いたしました|致しました|済み?|ました)?",
            r"(ack(nowledged?)?|ok|okay|seen|got it|confirmed|noted|thanks|thank you)",
        )
    ),
    re.IGNORECASE,
)
# Whoever wants no mails, or asks something, is answered by a person.
_FOR_PEOPLE = re.compile(
    "|".join(
        (
            r"unsubscribe|opt.?out|(stop|remove|cancel)\b",
            r"配信停止|(送ら|おくら|よこさ)ないで|解約|心当たり|身に覚え",
            r"(送信|通知|配信|メール).{0,6}(停止|不要|中止|やめ|止め)",
        )
    ),
    re.IGNORECASE,
)


def take(reply: Reply, now: datetime) -> bool:
    """Acknowledge what the mail told, when its own recipient answers; False = a person must look.

    The signed address to which it came says which mail that is. Incidents that are over only get
    the words. In the transaction that settles the mail.
    """
    told, words = reply.message, own_words(reply.text)
    is_ours = told.kind.startswith(KIND) and told.tenant_id is not None
    if not is_ours or reply.sender.lower() != told.address.lower() or _FOR_PEOPLE.search(words):
        return False
    found = Notice.objects.filter(tenant=told.tenant_id, message_id=told.message_id)
    keys = set(found.values_list("incident_id", flat=True)[:INCIDENTS_MAX])
    people = Recipient.objects.select_related("tenant").filter(
        tenant=told.tenant_id, tenant__frozen_at=None, address__iexact=told.address
    )
    person = people.filter(pk__in=found.values("recipient")).first()
    incidents = Incident.objects.filter(pk__in=keys, tenant=told.tenant_id)
    if person is None or not keys:
        return False
    says_more = bool(words) and not _ONLY_SEEN.fullmatch(words.strip(" 。.!！"))
    if says_more and not _has_room(keys, words):
        return False
    doer = Doer.by_mail(person)
    for incident in incidents.select_related("device").order_by("pk"):
        if incident.closed_at is None:
            acknowledge(incident, doer, now=now)
        if says_more and not _is_written(incident, doer, words):
            comment(incident, words, doer, now=now)
    return True


def own_words(text: str) -> str:
    """What the person wrote: without the quoted mail, its head, signature and the like."""
    kept: list[str] = []
    for line in text.replace("\0", "").splitlines()[:LINES_MAX]:
        bare = line.strip()
        if _REST.match(bare):
            break
        if not _QUOTED.match(line) and not _DEVICE.match(bare):
            kept.append(bare)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _has_room(incidents: set[int], words: str) -> bool:
    """Long words are for a person; so is more than an incident holds."""
    if len(words) > TEXT_CHARS_MAX:
        return False
    counts = [Deed.objects.filter(incident=key)[:COMMENTS_MAX].count() for key in incidents]
    return max(counts) < COMMENTS_MAX


def _is_written(incident: Incident, doer: Doer, words: str) -> bool:
    """A server that hands a mail over twice writes its words once."""
    return Deed.objects.filter(incident=incident, name=doer.name, text=words).exists()
