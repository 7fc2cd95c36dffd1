"""メールが届かないとき: device, recipient and time give the one reason, with every step."""

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from noroshi.alarms import why as ledger
from noroshi.tenants.models import Membership
from noroshi.ui.whywords import sentence, story_of
from noroshi.web.forms.why import WhyForm
from noroshi.web.member import tenant_page
from noroshi.web.show import show


@require_GET
@tenant_page
def why(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The question, and below it the answer."""
    form = WhyForm(member, data=request.GET if "device" in request.GET else None)
    context: dict[str, object] = {"form": form, "now": timezone.now()}
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data
        answer = ledger.why(asked["device"], asked["recipient"], asked["at"])
        context |= {
            "answer": answer,
            "sentence": sentence(answer),
            "stories": [story_of(one) for one in answer.told],
            "device": asked["device"],
            "recipient": asked["recipient"],
            "at": asked["at"],
        }
    return show(request, member, "web/why/one.html", context)
