"""What stands over every page of the office while something is not as usual."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min
from django.urls import reverse
from django.utils.translation import gettext as _

from noroshi.office import flows
from noroshi.office.words import bytes_words, span_words
from noroshi.outbox.models import Message

MAIL_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence in bold, one plain, and where to look."""

    what: str
    why: str
    url: str
    action: str


def notices(now: datetime) -> Iterator[Notice]:
    """What there is to tell now. Two queries, both by an index."""
    told = flows.gates(now)
    if told.is_spooling:
        yield Notice(
            _("受信を一時保管しています（%(size)s）") % {"size": bytes_words(told.spool_bytes)},
            _("データベースへの保存が遅れています。受信は続いていて、データは失われません。"),
            reverse("office-system"),
            _("システムを見る"),
        )
    if told.strange_bytes:
        yield Notice(
            _("別のデータベースあての受信が保管されたままです（%(size)s）")
            % {"size": bytes_words(told.strange_bytes)},
            _("そのデータベースにつないだ受信口を動かすと、届けられます。"),
            reverse("office-system"),
            _("システムを見る"),
        )
    late = Message.objects.filter(state=Message.State.WAITING, due_at__lt=now - MAIL_LATE)
    due_at = late.aggregate(due=Min("due_at"))["due"]
    if due_at is not None:
        yield Notice(
            _("メールの送信が%(time)s遅れています")
            % {"time": span_words((now - due_at).total_seconds())},
            _("メールサーバーを確かめてください。送れるようになると順に送ります。"),
            f"{reverse('office-mails')}?state=waiting",
            _("送信待ちを見る"),
        )
