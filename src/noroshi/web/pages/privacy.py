"""Who answers for personal data on the contractor's side."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from noroshi.tenants.intents import may_declare, with_authority
from noroshi.tenants.models import IntentKind, Membership
from noroshi.web import privacy_acts
from noroshi.web.acts import authority_only, begin
from noroshi.web.forms.privacy import PrivacyContactForm
from noroshi.web.member import tenant_page
from noroshi.web.show import show


@require_http_methods(["GET", "POST"])
@tenant_page
def privacy_contact(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """What stands; a form for those who may change it."""
    if request.method == "POST":
        return change(request, member)
    return page(request, member, PrivacyContactForm(member.tenant))


@authority_only
def change(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """On to the act, when anything is different."""
    form = PrivacyContactForm(member.tenant, data=request.POST)
    if not form.is_valid():
        return page(request, member, form)
    before = privacy_acts.facts_of(member.tenant)
    after = {name: str(form.cleaned_data[name]) for name in privacy_acts.FIELDS}
    if before == after:
        messages.info(request, _("変更はありません。"))
        return redirect("privacy-contact")
    return begin(member, IntentKind.PRIVACY_CONTACT, *privacy_acts.changing(before, after))


def page(request: HttpRequest, member: Membership, form: PrivacyContactForm) -> HttpResponseBase:
    """The page with this form."""
    is_mine = may_declare(member)
    people = [] if is_mine else with_authority(member.tenant_id)
    context = {"form": form, "is_mine": is_mine, "people": people, "tenant": member.tenant}
    return show(request, member, "web/privacy/one.html", context)
