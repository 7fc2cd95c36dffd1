"""Contracts: the list, one with its conditions, licensed items, papers, and the next amendment."""

from datetime import datetime

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from noroshi.contracts import lines, snapshots
from noroshi.contracts.actions import ContractRefusal, amend
from noroshi.contracts.models import Contract, Snapshot
from noroshi.office.forms.contract import AmendmentForm
from noroshi.office.paging import page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.tenants import audit, filing, kinds
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty, may_change
from noroshi.tenants.filing import BadPaper
from noroshi.tenants.models import Paper

PER_PAGE = 100
DUTY = Duty.CONTRACTS


@require_GET
@staff_page(duty=DUTY)
def contracts(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """All contracts, the newest first; found by number or contractor."""
    words = text_of(request, "q")
    rows = Contract.objects.select_related("tenant", "kind")
    if words:
        rows = rows.filter(Q(number__icontains=words) | Q(tenant__name__icontains=words))
    page = page_of(request, rows.order_by("-pk"), PER_PAGE)
    today = kinds.japans_day(timezone.now())
    found = [
        (one, lines.standing(one, today), lines.last_day(one.until_day)) for one in page.object_list
    ]
    context = {"page": page, "found": found, "words": words}
    return show(request, by, "office/contracts/list.html", context)


@require_GET
@staff_page(duty=DUTY)
def contract(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """One contract: each condition in force, its source, what it goes before, its history."""
    found = one_of(code)
    day = lines.day_in(found, kinds.japans_day(timezone.now()))
    context = around(found, by, "office-contract") | {"lines": lines.lines_of(found, day)}
    return show(request, by, "office/contracts/one.html", context)


@require_GET
@staff_page(duty=DUTY)
def contract_items(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """What it licenses."""
    found = one_of(code)
    day = lines.day_in(found, kinds.japans_day(timezone.now()))
    context = around(found, by, "office-contract-items") | {"items": lines.items_of(found, day)}
    return show(request, by, "office/contracts/items.html", context)


@require_GET
@staff_page(duty=DUTY)
def contract_papers(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """The contract as it was at formation and by each amendment."""
    found = one_of(code)
    kept = found.snapshots.select_related("amendment__agreed_by", "amendment__intent")
    kept = kept.select_related("amendment__paper").defer("pdf", "body", "amendment__paper__body")
    context = around(found, by, "office-contract-papers") | {"papers": kept.order_by("-pk")}
    return show(request, by, "office/contracts/papers.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=DUTY)
def contract_amend(request: HttpRequest, by: Actor, code: str) -> HttpResponseBase:
    """The next amendment, with both sides' act."""
    found, now = one_of(code), timezone.now()
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = AmendmentForm(found, *sent, today=kinds.japans_day(now))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                theirs = form.cleaned_data["intent"]
                file = form.cleaned_data["paper"]
                theirs = theirs or filed(found, file, by=by, now=now)
                amend(found, form.change(), theirs, by=by, now=now)
        except (ContractRefusal, BadPaper) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("変更契約を記録しました。"))
            return redirect("office-contract", code=code)
    context = around(found, by, "office-contract-amend") | {"form": form}
    return show(request, by, "office/contracts/amend.html", context)


@require_GET
@staff_page(duty=DUTY)
def contract_pdf(_request: HttpRequest, by: Actor, code: str, paper: str) -> HttpResponseBase:
    """A paper as PDF."""
    kept = get_object_or_404(Snapshot, contract__code=code, code=paper)
    return handed(kept, by, snapshots.paper_of(kept), snapshots.PDF)


@require_GET
@staff_page(duty=DUTY)
def contract_json(_request: HttpRequest, by: Actor, code: str, paper: str) -> HttpResponseBase:
    """The same as JSON, the very bytes of which the hash is."""
    kept = get_object_or_404(Snapshot, contract__code=code, code=paper)
    return handed(kept, by, kept.body.encode(), snapshots.JSON)


def handed(kept: Snapshot, by: Actor, body: bytes, kind: str) -> HttpResponse:
    """The file, saved to disk, and a line of who took it."""
    ending = "pdf" if kind == snapshots.PDF else "json"
    name = snapshots.file_name(kept, kept.contract.number, ending)
    details = {"sha256": kept.sha256, "file": name}
    actor = Actor(by.user, kept.tenant)
    audit.record(actor, "contract.read", kept.contract, now=timezone.now(), details=details)
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def one_of(code: str) -> Contract:
    """The contract of that code, or 404."""
    rows = Contract.objects.select_related("tenant", "kind", "party", "agent__party")
    return get_object_or_404(rows, code=code)


def around(found: Contract, by: Actor, here: str) -> dict[str, object]:
    """What every page of a contract shows."""
    now = timezone.now()
    tabs = [
        ("office-contract", _("適用条件")),
        ("office-contract-items", _("契約内容")),
        ("office-contract-papers", _("契約書面")),
    ]
    is_formed = found.state == Contract.State.FORMED
    if is_formed and by.user is not None and may_change(by.user.staff_roles, DUTY):
        tabs.append(("office-contract-amend", _("変更契約")))
    return {
        "contract": found,
        "standing": lines.standing(found, kinds.japans_day(now)),
        "last_day": lines.last_day(found.until_day),
        "party": found.party or found.tenant.party,
        "has_accounts": kinds.has_accounts(found.tenant, now),
        "tabs": [(reverse(name, args=[found.code]), label, name == here) for name, label in tabs],
    }


def filed(contract: Contract, file: "UploadedFile[bytes]", *, by: Actor, now: datetime) -> Paper:
    """The signed paper, filed in the contractor's affairs. Raises ContractRefusal, BadPaper."""
    party = contract.party or contract.tenant.party
    if party is None:
        raise ContractRefusal(_("先に、契約者を取引先に結び付けてください。"))
    return filing.keep(file.name or "", file.read(), party=party, by=by, now=now)
