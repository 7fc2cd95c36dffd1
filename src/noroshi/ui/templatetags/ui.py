"""The template tags of every page: states, figures, instants, fields, drawings, import map."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput
from django.http import HttpRequest
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from noroshi.ui.assets import imports_json
from noroshi.ui.icons import icon_svg, logo_svg, mark_svg
from noroshi.ui.keys import without_keys
from noroshi.ui.live_address import live_origin as origin_of_live
from noroshi.ui.spark import Limits, Point, spark_svg
from noroshi.ui.words import (
    NOTHING,
    ago_words,
    day_words,
    hex_words,
    instant_words,
    number_words,
)

register = template.Library()


@register.simple_tag
def importmap() -> SafeString:
    """Write the map; it must stand before the first module script."""
    return format_html('<script type="importmap">{}</script>', mark_safe(imports_json()))  # noqa: S308


@register.simple_tag
def icon(name: str) -> SafeString:
    """A sign of the menu: `{% icon "home" %}`."""
    return icon_svg(name)


@register.simple_tag
def logo() -> SafeString:
    """The beacon fire."""
    return logo_svg()


@register.simple_tag
def state(kind: str, text: str = "") -> SafeString:
    """Shape, colour and word: `{% state "alarm" %}`, `{% state "silent" words %}`."""
    words = {
        "ok": gettext("正常"),
        "alarm": gettext("警報"),
        "silent": gettext("応答なし"),
        "unknown": gettext("不明"),
        "paused": gettext("停止中"),
    }
    mark = mark_svg(kind)
    return format_html('<span class="state {}">{}{}</span>', kind, mark, text or words[kind])


@register.simple_tag
def measured(
    value: float | Decimal | str | None, decimals: int | None = 0, unit: str | None = ""
) -> SafeString:
    """A figure with its unit: `{% measured value 1 "℃" %}`; "—" when there is none."""
    words = number_words(value, decimals or 0)
    if words == NOTHING or not unit:
        return format_html('<span class="num">{}</span>', words)
    return format_html('<span class="num">{}<span class="unit">{}</span></span>', words, unit)


@register.filter
def jst(value: datetime | None, style: str = "minute") -> SafeString:
    """An instant in the reader's time zone; styles minute, second, date, short, time."""
    if value is None:
        return format_html("{}", NOTHING)
    return time_element(value, instant_words(value, style))


@register.filter
def keyless(value: str) -> str:
    """A mail's text without the keys in its links: `<pre>{{ mail.body|keyless }}</pre>`."""
    return without_keys(value)


@register.filter
def day(value: date | None) -> str:
    """A calendar day, empty without one."""
    return day_words(value) if value else ""


@register.filter
def ago(value: datetime | None, now: datetime | None = None) -> SafeString:
    """How long ago: `{{ device.heard_at|ago:now }}`; the full instant is in the title."""
    if value is None:
        return format_html("{}", NOTHING)
    return time_element(value, ago_words(value, now or timezone.now()))


@register.filter
def hexbytes(value: bytes | bytearray | memoryview | str | None) -> SafeString:
    """Bytes as pairs of hex digits."""
    return format_html('<code class="hex">{}</code>', hex_words(value))


@register.simple_tag
def sparkline(
    points: Sequence[Point],
    limits: Limits | None = None,
    span: tuple[float, float] | None = None,
    gap_over_s: float | None = None,
) -> SafeString:
    """A small line: `{% sparkline points limits span gap_over_s %}`."""
    return spark_svg(points, limits, span, gap_over_s)


@register.simple_tag(takes_context=True)
def live_origin(context: Context) -> str:
    """The origin of the live program as this browser reaches it; "" when it is the pages' own."""
    return origin_of_live(context["request"])


@register.simple_tag(takes_context=True)
def qs(context: Context, **changes: object) -> str:
    """This page's query string with some keys changed; None or "" removes a key."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value not in (None, ""):
            query[key] = str(value)
    return f"?{query.urlencode()}"


@register.inclusion_tag("ui/_field.html")
def field(
    bound: BoundField, label: str = "", help_text: str = "", unit: str = ""
) -> dict[str, Any]:
    """One form field with label, help and errors beside it: `{% field form.name unit="℃" %}`."""
    help_id = f"{bound.auto_id}_help"
    errors_id = f"{bound.auto_id}_errors"
    help_words = help_text or bound.help_text
    described = [
        name for name, shown in ((help_id, help_words), (errors_id, bound.errors)) if shown
    ]
    attrs: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "field": bound,
        "label": label or bound.label,
        "help_text": help_words,
        "unit": unit,
        "help_id": help_id,
        "errors_id": errors_id,
        "widget": bound.as_widget(attrs=attrs),
        "is_check": isinstance(bound.field.widget, CheckboxInput),
        "is_group": bool(bound.use_fieldset),
    }


@register.inclusion_tag("ui/_errors.html")
def form_errors(form: object) -> dict[str, Any]:
    """What is wrong with the form as a whole, above its fields."""
    return {"form": form}


@register.inclusion_tag("ui/_chart.html")
def chart(
    src: str, title: str, table_url: str = "", *, device: str = "", is_first: bool = True
) -> dict[str, Any]:
    """A chart of `src` (JSON), with every word it needs and a link to the table beside it.

    News of `device` (its code) draw it again, "" = any news; the first one of a page tells how
    to read it.
    """
    return {
        "src": src,
        "title": title,
        "table_url": table_url,
        "device": device,
        "is_first": is_first,
        "zone": timezone.get_current_timezone_name(),
    }


@register.inclusion_tag("ui/_pager.html", takes_context=True)
def pager(context: Context, page: Page[Any], key: str = "page") -> dict[str, Any]:
    """Newer and older, keeping the rest of the address: `{% pager page %}`."""
    return {
        "page": page,
        "previous": qs(context, **{key: page.previous_page_number()})
        if page.has_previous()
        else "",
        "next": qs(context, **{key: page.next_page_number()}) if page.has_next() else "",
    }


def time_element(value: datetime, words: str) -> SafeString:
    """An instant for people and for machines."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        instant_words(value, "second"),
        words,
    )
