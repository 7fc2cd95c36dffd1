"""Acts of intent at this door: begin one, who may, and what each kind does when it is declared."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from noroshi.tenants.intents import Effects, may_declare, propose, with_authority
from noroshi.tenants.models import IntentKind, Membership
from noroshi.web import privacy_acts, recipient_acts
from noroshi.web.show import show

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Membership, P], HttpResponseBase]

EFFECTS: Effects = {
    IntentKind.RECIPIENTS: recipient_acts.apply,
    IntentKind.PRIVACY_CONTACT: privacy_acts.apply,
}


def authority_only(page: Page[P]) -> Page[P]:
    """Tell a member without contract authority why not, and whom to ask; below `tenant_page`."""

    @functools.wraps(page)
    def door(
        request: HttpRequest, member: Membership, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not may_declare(member):
            context = {"people": with_authority(member.tenant_id)}
            return show(request, member, "web/acts/not_you.html", context, status=403)
        return page(request, member, *args, **kwargs)

    return door


def copies_only(page: Page[P]) -> Page[P]:
    """The records are for those who may act and for administrators; 403 for others."""

    @functools.wraps(page)
    def door(
        request: HttpRequest, member: Membership, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not (may_declare(member) or member.may_manage):
            raise PermissionDenied(
                _("意思表示の控えは、契約権限のある人と管理者だけが見られます。")
            )
        return page(request, member, *args, **kwargs)

    return door


def begin(member: Membership, kind: str, text: str, payload: dict[str, object]) -> HttpResponseBase:
    """Put the text before the person: on to the page that shows it and asks who it is again."""
    draft = propose(member, kind, text, payload, now=timezone.now())
    return redirect("act", code=draft.code)
