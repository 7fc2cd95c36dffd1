"""What stands over a contractor's first page while something is not as usual."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noroshi.alarms.models import OutageTenant
from noroshi.alarms.outage_mails import network_words
from noroshi.outbox import standing
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.ui.words import instant_words


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence in bold, one plain, and where to look."""

    what: str
    why: str
    url: str
    action: str


def notices(member: Membership) -> list[Notice]:
    """What there is to tell. Two queries."""
    return [*_outages(member), *_stopped(member)]


def _outages(member: Membership) -> list[Notice]:
    """The networks that are out for this contractor's terminals."""
    rows = access.rows(member, OutageTenant).filter(ended_at=None)
    found = []
    for one in rows.order_by("began_at"):
        words = {"network": network_words(one.space), "n": one.silent}
        at = {"at": instant_words(one.began_at)}
        found.append(
            Notice(
                _("%(network)sの障害のため、%(n)d台から受信できません") % words,
                _("%(at)sごろからです。端末の故障ではありません。もどるとメールで知らせます。")
                % at,
                reverse("home") + "?state=silent",
                _("応答のない端末を見る"),
            )
        )
    return found


def _stopped(member: Membership) -> list[Notice]:
    """Addresses to which no mail goes any more."""
    stopped = standing.stopped_of(member.tenant_id)
    if not stopped:
        return []
    words = ngettext(
        "メールの届かない宛先が%(n)d件あります",
        "メールの届かない宛先が%(n)d件あります",
        len(stopped),
    )
    return [
        Notice(
            words % {"n": len(stopped)},
            _("続けて3回届かなかったため、送信を止めています。警報のメールも届きません。"),
            reverse("recipients"),
            _("通知先を見る"),
        )
    ]
