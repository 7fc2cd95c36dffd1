"""The mail log: which mail went when, why, to whom, and what the mail server answered."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from noroshi.alarms.models import Incident
from noroshi.outbox import ledger
from noroshi.outbox.ledger import Mail, Wanted
from noroshi.tenants import access
from noroshi.tenants.models import Membership
from noroshi.web.member import tenant_page
from noroshi.web.show import show

PER_PAGE = 50
STATES = (ledger.WAITING, ledger.SENT, ledger.GIVEN_UP, ledger.BOUNCED, ledger.HELD)


@dataclass(frozen=True, slots=True)
class Line:
    """One mail of the list with the reason it was written."""

    mail: Mail
    reason: str
    incident_code: str


@require_GET
@tenant_page
def mails(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The newest first."""
    state = request.GET.get("state", "")
    if state not in STATES:
        state = ""
    wanted = Wanted(state, with_people=member.may_manage)
    count = ledger.count_of_tenant(member.tenant_id, wanted)
    page = Paginator(range(count), PER_PAGE).get_page(request.GET.get("page"))
    found = ledger.messages_of_tenant(
        member.tenant_id, wanted, first=max(page.start_index() - 1, 0), limit=PER_PAGE
    )
    context = {
        "page": page,
        "lines": lines_of(member, found),
        "state": state,
        "now": timezone.now(),
    }
    return show(request, member, "web/mails/list.html", context)


@require_GET
@tenant_page
def mail(request: HttpRequest, member: Membership, number: int) -> HttpResponseBase:
    """One mail: its text, every try and every answer."""
    found = ledger.message_of_tenant(
        member.tenant_id, number, Wanted(with_people=member.may_manage)
    )
    if found is None:
        raise Http404
    context = {
        "line": lines_of(member, [found])[0],
        "mail": found,
        "tries": [(one, outcome_of(one.outcome)) for one in ledger.deliveries(found.id)],
        "now": timezone.now(),
    }
    return show(request, member, "web/mails/one.html", context)


def lines_of(member: Membership, found: list[Mail]) -> list[Line]:
    """Each mail with its reason. One query."""
    abouts = {one.about for one in found if one.about}
    incidents = access.rows(member, Incident).filter(code__in=abouts).select_related("device")
    devices = {one.code: one.device.name for one in incidents}
    return [
        Line(
            one,
            reason_of(one.kind, devices.get(one.about, "")),
            one.about if one.about in devices else "",
        )
        for one in found
    ]


def reason_of(kind: str, device: str) -> str:
    """Why the mail was written, in words."""
    words = {
        "incident.opened": _("警報の発生"),
        "incident.recovered": _("警報の復帰"),
        "incident.repeated": _("警報の再通知"),
        "incident.escalated": _("警報の引き継ぎ"),
        "incident.gathered": _("警報のまとめ"),
        "incident.paused": _("通知の休止"),
        "incident.outage": _("回線の障害"),
        "incident.outage_over": _("回線の復旧"),
        "incident.outage_long": _("長引く回線の障害"),
        "intent.copy": _("お手続きの控え"),
        "visit.filed": _("監査アクセスの受付"),
        "visit.opened": _("提供者側の閲覧"),
        "address.stopped": _("届かない通知先のお知らせ"),
        "recipient.test": _("テストメール"),
        "recipient.confirm": _("受け取りの確認のお願い"),
        "register.review": _("名簿の棚卸しのお願い"),
    }.get(kind, kind)
    return _("%(device)s：%(reason)s") % {"device": device, "reason": words} if device else words


def outcome_of(outcome: str) -> str:
    """What came of one try, in words."""
    return {
        "sent": _("メールサーバーが受け取りました"),
        "refused": _("断られました"),
        "deferred": _("あとでもう一度送ります"),
        "unreachable": _("メールサーバーにつながりません"),
        "ambiguous": _("届いたかどうか分かりません"),
        "bounced": _("届かずに戻ってきました"),
        "delayed": _("相手のサーバーで遅れています"),
    }.get(outcome, outcome)
