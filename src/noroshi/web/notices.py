"""What stands over a contractor's first page while something is not as usual."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from noroshi.outbox import standing
from noroshi.tenants.models import Membership


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence in bold, one plain, and where to look."""

    what: str
    why: str
    url: str
    action: str


def notices(member: Membership) -> list[Notice]:
    """What there is to tell. One query."""
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
