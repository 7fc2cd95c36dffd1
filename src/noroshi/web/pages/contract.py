"""The contractor's own contract: what it licenses, its conditions, its papers to take away."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from noroshi.contracts import lines, snapshots
from noroshi.contracts.effective import contract_of
from noroshi.contracts.models import Snapshot
from noroshi.tenants import access, audit
from noroshi.tenants.intents import may_declare
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Membership
from noroshi.web.member import actor_of, tenant_page
from noroshi.web.show import show


@require_GET
@tenant_page
def contract(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The contract in force, else the last one."""
    check_may_read(member)
    today = japans_day(timezone.now())
    found = contract_of(member.tenant_id, today)
    context: dict[str, object] = {"contract": found}
    if found is not None:
        day = lines.day_in(found, today)
        kept = found.snapshots.select_related("amendment").defer("pdf", "body")
        context |= {
            "standing": lines.standing(found, today),
            "last_day": lines.last_day(found.until_day),
            "items": lines.items_of(found, day),
            "lines": lines.lines_of(found, day),
            "papers": kept.order_by("-pk"),
        }
    return show(request, member, "web/contract/one.html", context)


@require_GET
@tenant_page
def contract_pdf(_request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """A paper as PDF."""
    kept = paper_of(member, code)
    return handed(kept, member, snapshots.paper_of(kept), snapshots.PDF)


@require_GET
@tenant_page
def contract_json(_request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The same as JSON, the very bytes of which the hash is."""
    kept = paper_of(member, code)
    return handed(kept, member, kept.body.encode(), snapshots.JSON)


def paper_of(member: Membership, code: str) -> Snapshot:
    """The paper of that code, or 404."""
    check_may_read(member)
    found = access.rows(member, Snapshot).filter(code=code).select_related("contract").first()
    if found is None:
        raise Http404
    return found


def check_may_read(member: Membership) -> None:
    """Prices and conditions are for those who look after the contract; 403 for others."""
    if not (member.may_manage or may_declare(member)):
        raise PermissionDenied(_("ご契約は、契約権限のある人と管理者だけが見られます。"))


def handed(kept: Snapshot, member: Membership, body: bytes, kind: str) -> HttpResponse:
    """The file, saved to disk, and a line of who took it."""
    ending = "pdf" if kind == snapshots.PDF else "json"
    name = snapshots.file_name(kept, kept.contract.number, ending)
    details = {"sha256": kept.sha256, "file": name}
    now = timezone.now()
    audit.record(actor_of(member), "contract.read", kept.contract, now=now, details=details)
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
