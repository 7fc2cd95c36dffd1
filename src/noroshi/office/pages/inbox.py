"""The inbox: what waits, what was refused, what failed, who is unknown; look inside, run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from noroshi.inbox import actions, journal, listing
from noroshi.inbox.blocks import Listed
from noroshi.inbox.entry import EntryRow
from noroshi.inbox.listing import Wanted
from noroshi.inbox.models import Connection, ExceptionalEntry, Watermark
from noroshi.office.looking import look
from noroshi.office.paging import number_of, one_of, page_of, text_of
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.understanding import understand
from noroshi.office.visiting import closed_to, owned_addresses, owners_of
from noroshi.office.words import Said, rest_of, say
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty

PER_PAGE = 50
RECENT_ENTRIES = 50_000  # how far back the list of carried-through entries looks
TABS = ("waiting", "refused", "failed", "unknown", "done")
EXCEPTIONAL = ("refused", "failed", "unknown")
State = ExceptionalEntry.State
JournalLine = tuple[Listed, str, str, str]  # row, connection, pill, words


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab with its count; None = not counted."""

    name: str
    label: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Narrow:
    """What the address narrows the list to."""

    tab: str
    connection: int | None
    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One exceptional entry with its reason in words."""

    entry: ExceptionalEntry
    said: Said
    rest: str


@require_GET
@staff_page(duty=Duty.INBOX)
def inbox(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """One tab."""
    narrow = narrow_of(request)
    context = {
        "tabs": tabs(),
        "narrow": narrow,
        "connections": Connection.objects.order_by("name"),
        "now": timezone.now(),
    }
    if narrow.tab in EXCEPTIONAL:
        context |= exceptional(request, narrow)
        return show(request, by, "office/inbox/list.html", context)
    context |= unread() if narrow.tab == "waiting" else done(request, narrow)
    return show(request, by, "office/inbox/journal.html", context)


@require_GET
@staff_page(duty=Duty.INBOX)
def entry(request: HttpRequest, by: Actor, key: UUID) -> HttpResponseBase:
    """One entry: how it came, what it holds, what it would become now."""
    now = timezone.now()
    rows = journal.by_keys([key])
    trouble = ExceptionalEntry.objects.filter(entry_key=key).first()
    if not rows and trouble is None:
        raise Http404
    row = rows[0] if rows else None
    connection_id = row.connection_id if row else trouble.connection_id if trouble else 0
    source = Connection.objects.select_related("tenant").filter(pk=connection_id).first()
    closed = closed_to(request, by, owners_of(row, source, trouble), now)
    context = {
        **({} if closed else inside_of(row, source, trouble)),
        "closed": closed,
        "key": key,
        "row": row,
        "size": len(row.body) if row else 0,
        "source": source,
        "trouble": trouble,
        "said": say(trouble.reason, trouble.detail) if trouble else None,
        "now": now,
    }
    return show(request, by, "office/inbox/one.html", context)


@require_POST
@staff_page(duty=Duty.INBOX)
def entry_again(request: HttpRequest, by: Actor, key: UUID) -> HttpResponseBase:
    """Run one entry once more."""
    found = get_object_or_404(ExceptionalEntry, entry_key=key)
    actions.run_again([found.pk], by=by, now=timezone.now())
    messages.success(request, _("再処理を始めました。"))
    return redirect(back_of(request, reverse("office-entry", args=[key])))


@require_POST
@staff_page(duty=Duty.INBOX)
def entry_dismiss(request: HttpRequest, by: Actor, key: UUID) -> HttpResponseBase:
    """Take one entry off the list."""
    found = get_object_or_404(ExceptionalEntry, entry_key=key)
    if actions.dismiss([found.pk], by=by, now=timezone.now()):
        messages.success(request, _("対応不要にしました。受信の記録は残ります。"))
    else:
        messages.warning(request, _("この受信はもう「未対応」ではありません。"))
    return redirect(back_of(request, reverse("office-entry", args=[key])))


@require_POST
@staff_page(duty=Duty.INBOX)
def run_all(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Run everything of one kind and reason once more."""
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    if kind not in EXCEPTIONAL:
        raise Http404
    count = actions.run_again_all(kind, reason, by=by, now=timezone.now())
    words = ngettext("%(n)d件の再処理を始めました。", "%(n)d件の再処理を始めました。", count)
    messages.success(request, words % {"n": count})
    return redirect(f"{reverse('office-inbox')}?tab={kind}")


def inside_of(
    row: EntryRow | None, source: Connection | None, trouble: ExceptionalEntry | None
) -> dict[str, object]:
    """What an entry holds: its text, what it would become now, what was wrong in detail."""
    return {
        "rest": rest_of(trouble.reason, trouble.detail) if trouble else "",
        "body": look(row.body, row.content_type) if row else None,
        "understood": understand(row, source) if row and source else None,
    }


def narrow_of(request: HttpRequest) -> Narrow:
    """What the address asks for; the first tab with something to do when it names none."""
    tab = one_of(request, "tab", TABS)
    if not tab:
        counts = open_counts()
        tab = next((name for name in EXCEPTIONAL if counts.get(name)), "done")
    return Narrow(
        tab, number_of(request, "connection"), text_of(request, "reason"), text_of(request, "q")
    )


def tabs() -> list[Tab]:
    """All tabs. Two queries."""
    counts = open_counts()
    labels = {
        "refused": _("受付不可"),
        "failed": _("失敗"),
        "unknown": _("未登録の端末"),
    }
    return [
        Tab("waiting", _("処理待ち"), journal.waiting().count),
        *(Tab(name, label, counts.get(name, 0)) for name, label in labels.items()),
        Tab("done", _("すべての受信"), None),
    ]


def open_counts() -> dict[str, int]:
    """Kind → entries that wait for a person."""
    waiting = ExceptionalEntry.objects.filter(state__in=[State.OPEN, State.AGAIN]).order_by()
    return dict(waiting.values_list("kind").annotate(Count("pk")))


def exceptional(request: HttpRequest, narrow: Narrow) -> dict[str, object]:
    """The entries of one kind that wait, newest first, and their reasons to choose from."""
    rows = ExceptionalEntry.objects.filter(
        kind=narrow.tab, state__in=[State.OPEN, State.AGAIN]
    ).select_related("connection")
    reasons = rows.order_by().values_list("reason").annotate(n=Count("pk")).order_by("-n")
    known = [(reason, say(reason).what, count) for reason, count in reasons]
    if narrow.connection is not None:
        rows = rows.filter(connection=narrow.connection)
    if narrow.reason:
        rows = rows.filter(reason=narrow.reason)
    if narrow.words:
        rows = rows.filter(address__icontains=narrow.words)
    page = page_of(request, rows.order_by("-entry_id"), PER_PAGE)
    return {"page": page, "lines": lines_of(list(page.object_list)), "reasons": known}


def lines_of(rows: Sequence[ExceptionalEntry]) -> list[Line]:
    """The rows with their reasons in words; the detail only where it is no tenant's data."""
    owned = owned_addresses(rows)
    return [
        Line(
            row,
            say(row.reason, row.detail),
            "" if (row.space, row.address) in owned else rest_of(row.reason, row.detail),
        )
        for row in rows
    ]


def unread() -> dict[str, object]:
    """What the spine has not read yet, the oldest first."""
    return {"rows": journal_lines(journal.recent_waiting(limit=PER_PAGE)), "older": None}


def done(request: HttpRequest, narrow: Narrow) -> dict[str, object]:
    """The newest entries of the journal; `?before=` goes back in time."""
    before = number_of(request, "before")
    wanted = Wanted(before, narrow.connection, narrow.words)
    found = listing.recent(wanted, limit=PER_PAGE + 1, ids_back=RECENT_ENTRIES)
    older = found[PER_PAGE - 1].id if len(found) > PER_PAGE else None
    return {"rows": journal_lines(found[:PER_PAGE]), "older": older, "is_first": before is None}


def journal_lines(rows: Sequence[Listed]) -> list[JournalLine]:
    """Each entry with its connection's name and what became of it. Three queries."""
    names = dict(Connection.objects.values_list("pk", "name"))
    read_to = dict(Watermark.objects.values_list("slice", "entry_id"))
    troubles = ExceptionalEntry.objects.filter(entry_key__in=[row.key for row in rows])
    known = {trouble.entry_key: trouble for trouble in troubles}
    return [
        (
            row,
            names.get(row.connection_id, "—"),
            *fate_of(known.get(row.key), is_read=row.id <= read_to.get(row.slice, 0)),
        )
        for row in rows
    ]


def fate_of(trouble: ExceptionalEntry | None, *, is_read: bool) -> tuple[str, str]:
    """(pill, words) of what became of an entry."""
    if not is_read or (trouble and trouble.state == State.AGAIN):
        return "paused", _("処理待ち")
    if trouble is None or trouble.state == State.DONE:
        return "ok", _("処理済")
    if trouble.state == State.DISMISSED:
        return "paused", _("対応不要")
    if trouble.kind == ExceptionalEntry.Kind.UNKNOWN:
        return "unknown", _("未登録の端末")
    is_refused = trouble.kind == ExceptionalEntry.Kind.REFUSED
    return "alarm", _("受付不可") if is_refused else _("失敗")


def back_of(request: HttpRequest, otherwise: str) -> str:
    """Where the form came from, when that is a page of ours."""
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if is_ours and asked.startswith("/") else otherwise
