"""Acts of intent: the page that shows the exact text and asks who it is again; the records."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from noroshi.tenants import access, intents
from noroshi.tenants.chain import GENESIS, text_hash
from noroshi.tenants.intents import Declaration, Proof, Refused
from noroshi.tenants.models import Intent, IntentDraft, Membership
from noroshi.tenants.sign_ins import address_of
from noroshi.web import copies, step_up
from noroshi.web.acts import EFFECTS, authority_only, copies_only
from noroshi.web.member import tenant_page
from noroshi.web.paging import page_of
from noroshi.web.show import show

PER_PAGE = 50
BACK = {"recipients": "recipients", "privacy_contact": "privacy-contact"}


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@tenant_page
@authority_only
def act(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The text in a box, what it binds, and the question who it is; then it is done."""
    draft = intents.draft_of(member, code)
    if draft is None:
        raise Http404
    if draft.done_at is not None:
        return to_kept(draft)
    proof = step_up.by_confirmation(request, member.user, draft.shown_at)
    if request.method == "GET":
        return asked(request, member, draft, proof=proof)
    proof = proof or step_up.by_password(request, member.user)
    if proof is None:
        return asked(request, member, draft, error=_("パスワードが違います。"))
    try:
        done = declared(request, member, draft, proof)
    except Refused as refusal:
        if refusal.reason == "done":
            return to_kept(draft)
        return asked(request, member, draft, proof=proof, error=str(refusal))
    messages.success(request, _("受け付けました。控えをメールで送ります。"))
    return redirect(BACK[done.kind])


def declared(request: HttpRequest, member: Membership, draft: IntentDraft, proof: Proof) -> Intent:
    """The act, written down with what this request tells of where it came from."""
    now = timezone.now()
    declaration = Declaration(
        draft_code=draft.code,
        text_sha256=request.POST.get("text_sha256", ""),
        proof=proof,
        address=address_of(request),
        agent=request.META.get("HTTP_USER_AGENT", ""),
    )
    return intents.declare(
        member,
        declaration,
        effects=EFFECTS,
        tell=lambda intent: copies.post(intent, now=now),
        now=now,
    )


def asked(
    request: HttpRequest,
    member: Membership,
    draft: IntentDraft,
    *,
    proof: Proof | None = None,
    error: str = "",
) -> HttpResponseBase:
    """The page with the text; without the question when it is too late."""
    context = {
        "draft": draft,
        "kind": draft.get_kind_display(),
        "text_sha256": text_hash(draft.text),
        "is_late": draft.expires_at <= timezone.now(),
        "is_proven": proof is not None,
        "confirm_url": confirm_url(request),
        "back_url": reverse(BACK[draft.kind]),
        "error": error,
    }
    return show(request, member, "web/acts/ask.html", context)


def confirm_url(request: HttpRequest) -> str:
    """The page on which a passkey can be shown instead; empty when there is none."""
    try:
        return f"{reverse('confirm')}?{urlencode({'next': request.path})}"
    except NoReverseMatch:
        return ""


def to_kept(draft: IntentDraft) -> HttpResponseBase:
    """A second click, or the way back: the act is done, here it is."""
    done = intents.declared_from(draft)
    if done is None:
        raise Http404
    return redirect("act-kept", code=done.code)


@require_GET
@tenant_page
@copies_only
def acts(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """All acts of the contractor, the newest first."""
    page = page_of(request, kept(member).order_by("-number"), PER_PAGE)
    return show(request, member, "web/acts/list.html", {"page": page})


@require_GET
@tenant_page
@copies_only
def act_kept(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """One act: the exact text and all that proves it."""
    found = access.row(member, Intent, code=code)
    context = {"intent": found, "is_first": found.previous == GENESIS}
    return show(request, member, "web/acts/one.html", context)


@require_GET
@tenant_page
@copies_only
def act_copy(_request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """The same PDF that was mailed."""
    found = access.row(member, Intent, code=code)
    answer = HttpResponse(copies.paper(found), content_type=copies.CONTENT_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{copies.file_name(found)}"'
    return answer


def kept(member: Membership) -> QuerySet[Intent]:
    """The rows of the member's tenant."""
    return access.rows(member, Intent)
