"""The codec workbench: write, try on typed and real payloads, save as a version, compare."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from noroshi.codecs import catalogue
from noroshi.codecs.actions import BadCodec, NewVersion, add_version, make_codec
from noroshi.codecs.models import Codec, CodecVersion
from noroshi.codecs.words import EXAMPLES
from noroshi.office.forms.codec import NewCodecForm, SourceForm
from noroshi.office.forms.encoding import EncodeForm
from noroshi.office.paging import one_of
from noroshi.office.questions import codec_failures, real_payloads
from noroshi.office.show import show
from noroshi.office.staff import staff_page
from noroshi.office.tryout import (
    Sample,
    Tried,
    TriedEncoder,
    before_of,
    entry_points,
    try_codec,
    try_encoder,
)
from noroshi.office.visiting import data_of, open_among
from noroshi.tenants.audit import Actor
from noroshi.tenants.duties import Duty
from noroshi.tenants.models import Tenant

REAL_DEVICES, REAL_EACH = 10, 3
VERSIONS_SHOWN = 50
DIFF_CONTEXT = 3
FILE_LINES = 2  # a diff begins with the names of two files
Kind = Codec.Kind
TRIES = frozenset({"try", "real", "encode"})
WITH_SOURCE = (Kind.JAVASCRIPT, Kind.SIGFOX_GRAMMAR)


@dataclass(frozen=True, slots=True)
class Change:
    """One version and what it changed: lines of (mark, text), mark is + - @ or a space."""

    version: CodecVersion
    lines: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying showed: the source's functions, the payloads' values, the object's bytes."""

    names: tuple[str, ...] = ()
    tried: Sequence[Tried] = ()
    encoded: TriedEncoder | None = None


@require_GET
@staff_page(duty=Duty.CODECS)
def codecs(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """All codecs: version in force, who uses them."""
    devices = Count("devicetype__device", filter=Q(devicetype__device__retired_at=None))
    rows = Codec.objects.annotate(
        number=Max("versions__number"),
        saved_at=Max("versions__created_at"),
        types=Count("devicetype", distinct=True),
    ).order_by("name")
    used = dict(Codec.objects.annotate(n=devices).values_list("pk", "n"))
    context = {"rows": [(one, used.get(one.pk, 0)) for one in rows]}
    return show(request, by, "office/codecs/list.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.CODECS)
def codec_new(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """Make one, from nothing or from an example of the catalogue."""
    form = NewCodecForm(request.POST or None, initial=example_of(request))
    tried: list[Tried] = []
    names: tuple[str, ...] = ()
    if request.method == "POST" and form.is_valid():
        kind, source = form.cleaned_data["kind"], form.cleaned_data["source"]
        if request.POST.get("do") == "try":
            tried, names = try_codec(kind, source, [typed_sample(form)]), entry_points(kind, source)
        else:
            first = NewVersion(source if kind in WITH_SOURCE else "", form.cleaned_data["note"])
            name = form.cleaned_data["name"]
            try:
                made = make_codec(name, kind, first, by=by, now=timezone.now())
            except BadCodec as refusal:
                form.add_error("source", str(refusal))
            else:
                words = _("デコーダー「%(name)s」を追加しました。") % {"name": made.name}
                messages.success(request, words)
                return redirect("office-codec", number=made.pk)
    context = {
        "form": form,
        "examples": EXAMPLES,
        "grammars": catalogue.GRAMMARS,
        "tried": tried,
        "names": names,
    }
    return show(request, by, "office/codecs/new.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(duty=Duty.CODECS)
def codec(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """The workbench of one codec."""
    found = get_object_or_404(Codec, pk=number)
    current = found.versions.order_by("-number").first()
    source = current.source if current else ""
    form = SourceForm(request.POST or None, initial={"source": source})
    asked = request.POST.get("do", "save")
    encoding = EncodeForm(request.POST or None)
    trial = Trial(entry_points(found.kind, source)) if request.method == "GET" else Trial()
    closed: list[Tenant] = []
    if request.method == "POST" and form.is_valid():
        if asked == "real":
            real, closed = real_samples(request, by, found)
            trial = trial_of(found, form, encoding, real)
        elif asked in TRIES:
            trial = trial_of(found, form, encoding, [typed_sample(form)] if asked == "try" else [])
        elif saved(request, by, found, form):
            return redirect("office-codec", number=number)
    context = {
        "codec": found,
        "current": current,
        "form": form,
        "encoding": encoding,
        "tried": trial.tried,
        "names": trial.names,
        "encoded": trial.encoded,
        "asked": asked if request.method == "POST" else "",
        "closed": closed,
        "has_source": found.kind in WITH_SOURCE,
        "can_try": found.kind != Kind.NETWORK,
        "failed": codec_failures(found.pk),
    }
    if request.headers.get("HX-Request") == "true" and asked in TRIES:
        return render(request, "office/codecs/_tried.html", context)
    return show(request, by, "office/codecs/one.html", context)


@require_GET
@staff_page(duty=Duty.CODECS)
def versions(request: HttpRequest, by: Actor, number: int) -> HttpResponseBase:
    """Every version with what it changed."""
    found = get_object_or_404(Codec, pk=number)
    rows = found.versions.select_related("created_by").order_by("-number")
    context = {"codec": found, "changes": changes_of(list(rows[: VERSIONS_SHOWN + 1]))}
    return show(request, by, "office/codecs/versions.html", context)


def saved(request: HttpRequest, by: Actor, found: Codec, form: SourceForm) -> bool:
    """Save the source as a new version; False with the reason beside it when it is no codec."""
    if found.kind not in WITH_SOURCE:
        form.add_error(None, _("この種類のデコーダーには、保存するソースがありません。"))
        return False
    if not form.has_changed_source():
        form.add_error("source", _("いまの版から変わっていません。"))
        return False
    new = NewVersion(form.cleaned_data["source"], form.cleaned_data["note"])
    try:
        version = add_version(found, new, by=by, now=timezone.now())
    except BadCodec as refusal:
        form.add_error("source", str(refusal))
        return False
    words = _("版 %(n)d を保存しました。これからの受信に使います。") % {"n": version.number}
    messages.success(request, words)
    return True


def trial_of(
    found: Codec, form: SourceForm, encoding: EncodeForm, samples: Sequence[Sample]
) -> Trial:
    """Try the source on the samples; without any, the typed object is encoded where one is."""
    source = form.cleaned_data["source"]
    names = entry_points(found.kind, source)
    if samples:
        return Trial(names, try_codec(found.kind, source, list(samples)))
    if form.data.get("do") != "encode" or found.kind != Kind.JAVASCRIPT or not encoding.is_valid():
        return Trial(names)
    content = encoding.cleaned_data["content"]
    return Trial(names, encoded=try_encoder(source, content, form.typed().f_port))


def real_samples(
    request: HttpRequest, by: Actor, found: Codec
) -> tuple[list[Sample], list[Tenant]]:
    """What devices of this codec really sent last, of the tenants that may be looked into now.

    Also the tenants that may not.
    """
    users = Tenant.objects.filter(device__type__codec=found.pk, device__retired_at=None).distinct()
    looked, closed = open_among(request, by, users, timezone.now())
    real = []
    for tenant in looked:
        with data_of(by, tenant):
            real += real_payloads(found.pk, devices=REAL_DEVICES, each=REAL_EACH)
    real.sort(key=lambda one: one.sent_at, reverse=True)
    samples = [
        Sample(
            label=one.device,
            url=reverse("office-device", args=[one.device_code]),
            payload=one.payload,
            f_port=one.f_port,
            sent_at=one.sent_at,
            before=before_of(one.data),
        )
        for one in real[: REAL_DEVICES * REAL_EACH]
    ]
    return samples, closed


def typed_sample(form: SourceForm) -> Sample:
    """The payload that was typed."""
    typed = form.typed()
    return Sample("", "", typed.payload, typed.f_port, timezone.now())


def example_of(request: HttpRequest) -> dict[str, object]:
    """What the form begins with when `?from=` names an example of the catalogue."""
    slug = one_of(request, "from", catalogue.SLUGS)
    if not slug:
        return {"kind": Kind.JAVASCRIPT}
    name = str(EXAMPLES[slug])
    if request.GET.get("kind") == Kind.SIGFOX_GRAMMAR and slug in catalogue.GRAMMARS:
        source = catalogue.GRAMMARS[slug]
        return {"kind": Kind.SIGFOX_GRAMMAR, "name": name, "source": source}
    return {"kind": Kind.JAVASCRIPT, "name": name, "source": catalogue.source_of(slug)}


def changes_of(rows: list[CodecVersion]) -> list[Change]:
    """Each version with its difference to the one before, the newest first."""
    changes = [Change(new, diff(old.source, new.source)) for new, old in pairwise(rows)]
    if rows and len(rows) <= VERSIONS_SHOWN:
        changes.append(Change(rows[-1], diff("", rows[-1].source)))
    return changes


def diff(old: str, new: str) -> list[tuple[str, str]]:
    """The changed lines with a little around them."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=DIFF_CONTEXT)
    return [(line[0], line[1:]) for line in list(lines)[FILE_LINES:]]
