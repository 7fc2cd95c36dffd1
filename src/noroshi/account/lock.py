"""Say in plain words that it is enough for now, and when to try again."""

import math

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from noroshi.account.forms import SignInForm
from noroshi.account.front import sign_in_page
from noroshi.account.tries import name_of
from noroshi.tenants.sign_ins import address_of
from noroshi.ui.limits import too_many


def locked(
    request: HttpRequest, _original: HttpResponse | None, credentials: dict[str, str] | None
) -> HttpResponse:
    """The answer to one wrong password too many of this id: from this address, or from anywhere."""
    if getattr(request, "id_is_spent", False):
        return sign_in_page(request, SignInForm(request.POST), is_spent=True)
    tries = AccessAttempt.objects.filter(
        username=name_of(request, credentials), ip_address=address_of(request)
    )
    last = tries.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    now = timezone.now()
    ends = (last or now) + settings.AXES_COOLOFF_TIME
    return too_many(request, max(1, math.ceil((ends - now).total_seconds())), is_password=True)
