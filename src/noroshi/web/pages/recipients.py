"""Who gets mails: add, change, remove (acts of intent), pause; and which rules tell whom."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from noroshi.alarms.actions import Person, change_recipient
from noroshi.alarms.models import Recipient, Rule
from noroshi.outbox import consent, hooks, standing, trial
from noroshi.outbox.addresses import ADDRESS_CHARS_MAX
from noroshi.outbox.channels import Channel
from noroshi.tenants import access
from noroshi.tenants.intents import may_declare, with_authority
from noroshi.tenants.models import IntentKind, Membership
from noroshi.web import recipient_acts
from noroshi.web.acts import authority_only, begin
from noroshi.web.forms.recipient import RecipientForm
from noroshi.web.member import actor_of, editor_only, tenant_page
from noroshi.web.pages import webhooks
from noroshi.web.paging import page_of
from noroshi.web.rulelines import lines_telling
from noroshi.web.show import show

PER_PAGE = 50


@require_GET
@tenant_page
def recipients(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """The list, each with the devices whose rules tell that person."""
    rules = access.rows(member, Rule).select_related("device").order_by("device__name", "pk")
    rows = access.rows(member, Recipient).prefetch_related(Prefetch("rules", queryset=rules))
    page = page_of(request, rows.order_by("name", "pk"), PER_PAGE)
    may_change = may_declare(member)
    people = [] if may_change else with_authority(member.tenant_id)
    stopped = standing.stopped_of(member.tenant_id)
    wanted = consent.wanted_of(member.tenant_id, [row.address for row in page.object_list])
    context = {
        "page": page,
        "lines": [
            (row, stopped.get(row.address), wanted.get(row.address)) for row in page.object_list
        ],
        "stopped": list(stopped.values()),
        "may_change": may_change,
        "people": people,
    }
    return show(request, member, "web/recipients/list.html", context)


@require_http_methods(["GET", "POST"])
@tenant_page
@authority_only
def recipient_new(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Add somebody: on to the act."""
    form = RecipientForm(member, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        caution(request, form)
        return begin(member, IntentKind.RECIPIENTS, *recipient_acts.adding(form.person()))
    return show(request, member, "web/recipients/edit.html", {"form": form})


@require_http_methods(["GET", "POST"])
@tenant_page
@authority_only
def recipient(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Change somebody: on to the act; below stand the rules that tell this person."""
    found = access.row(member, Recipient, code=code)
    if found.is_webhook:
        return webhooks.webhook(request, member, found)
    form = RecipientForm(member, found, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not recipient_acts.is_change(found, form.person()):
            messages.info(request, _("変更はありません。"))
            return redirect("recipients")
        caution(request, form)
        changing = recipient_acts.changing(found, form.person())
        return begin(member, IntentKind.RECIPIENTS, *changing)
    context = {
        "form": form,
        "recipient": found,
        "lines": lines_telling(member, found, now=timezone.now()),
        "charset": standing.charset_of(member.tenant_id, found.address),
        "charsets": standing.CHARSETS,
    }
    return show(request, member, "web/recipients/edit.html", context)


@require_POST
@tenant_page
@editor_only
def recipient_pause(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Stop mails to this person for a while, or begin again."""
    found = access.row(member, Recipient, code=code)
    person = Person(
        found.name,
        found.address,
        found.language,
        is_active=not found.is_active,
        channel=found.channel,
    )
    change_recipient(found, person, by=actor_of(member), now=timezone.now())
    words = (
        _("「%(name)s」への通知を再開しました。")
        if person.is_active
        else _("「%(name)s」への通知を止めました。")
    )
    messages.success(request, words % {"name": person.name})
    return redirect("recipients")


@require_POST
@tenant_page
@editor_only
def recipient_ask_again(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Ask a person who has not answered once more."""
    found = access.row(member, Recipient, code=code, channel=Channel.MAIL)
    by = actor_of(member)
    try:
        consent.ask_again(found.address, found.language, by=by, now=timezone.now())
    except consent.NotAsked as reason:
        messages.warning(request, str(reason))
    else:
        words = _("「%(name)s」に確認メールを送りました。")
        messages.success(request, words % {"name": found.name})
    return redirect("recipients")


@require_POST
@tenant_page
@editor_only
def recipient_charset(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Choose in which characters mails go to this person."""
    found = access.row(member, Recipient, code=code, channel=Channel.MAIL)
    wish = request.POST.get("charset", "")
    try:
        standing.choose_charset(found.address, wish, by=actor_of(member), now=timezone.now())
    except ValueError:
        messages.warning(request, _("文字の形式を選んでください。"))
    else:
        messages.success(request, _("文字の形式を変更しました。"))
    return redirect("recipient", code=code)


@require_POST
@tenant_page
@editor_only
def recipient_test(request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Send a test, and show what becomes of it."""
    found = access.row(member, Recipient, code=code)
    by, now = actor_of(member), timezone.now()
    try:
        if found.is_webhook:
            number = hooks.test(found.address, by=by, now=now)
        else:
            number = trial.send(found.address, found.language, by=by, now=now)
    except trial.NotTried as reason:
        messages.warning(request, str(reason))
        return redirect("recipients")
    words = _("テストを送信箱に入れました。ページを開き直すと、結果が分かります。")
    messages.success(request, words)
    return redirect("mail", number=number)


@require_POST
@tenant_page
@editor_only
def recipients_lift(request: HttpRequest, member: Membership) -> HttpResponseBase:
    """Let mails go to a stopped address again: somebody has seen to it."""
    address = request.POST.get("address", "")[:ADDRESS_CHARS_MAX]
    if standing.lift(address, by=actor_of(member), now=timezone.now()):
        words = _("%(address)s への送信を再開しました。次のメールから送ります。")
        messages.success(request, words % {"address": address})
    else:
        messages.info(request, _("この宛先への送信は、止まっていません。"))
    return redirect("recipients")


@require_POST
@tenant_page
@authority_only
def recipient_remove(_request: HttpRequest, member: Membership, code: str) -> HttpResponseBase:
    """Take somebody off all rules and off the list: on to the act."""
    found = access.row(member, Recipient, code=code)
    return begin(member, IntentKind.RECIPIENTS, *recipient_acts.removing(found))


def caution(request: HttpRequest, form: RecipientForm) -> None:
    """Say so when the address is an odd one."""
    if form.caution:
        messages.warning(request, form.caution)
