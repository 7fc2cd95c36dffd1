"""Before what needs two persons: prove once more who one is, and be told what happens next."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from noroshi.office.approving import Done
from noroshi.tenants import recent
from noroshi.tenants.models import Approval


def confirm_url(request: HttpRequest) -> str:
    """Where to prove who one is before coming back to this page; empty when that was just done."""
    if recent.is_recent(request):
        return ""
    return f"{reverse('confirm')}?{urlencode({'next': request.get_full_path()})}"


def stepping(request: HttpRequest) -> dict[str, object]:
    """What the templates ask before a form of this kind (office/_second.html)."""
    return {"confirm_url": confirm_url(request), "two_persons": settings.TWO_PERSONS}


def tell(request: HttpRequest, outcome: Approval | Done) -> None:
    """Say whether it was done, or waits for somebody else."""
    if isinstance(outcome, Done):
        messages.success(request, outcome.words)
    else:
        words = _("承認者に申請しました。承認されるまで、何も変わりません。")
        messages.success(request, words)
