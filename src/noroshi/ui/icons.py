"""The few drawings of the house: the logo, the marks of states and the signs of the menu."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

# Strokes on a 24 x 24 ground.
ICONS: dict[str, str] = {
    "home": "M4 11 12 4l8 7 M6 9.5V20h12V9.5 M10 20v-6h4v6",
    "alarm": "M12 3.5 21.5 20h-19Z M12 10v4.5 M12 17.2v.3",
    "device": "M12 13v8 M12 11.5v.01 M8.5 15a5 5 0 0 1 0-7 M15.5 15a5 5 0 0 0 0-7"
    " M5.5 18a9 9 0 0 1 0-13 M18.5 18a9 9 0 0 0 0-13",
    "people": "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z M2.5 20a6.5 6.5 0 0 1 13 0"
    " M16 5a3.5 3.5 0 0 1 0 6.5 M18 14.5a6.5 6.5 0 0 1 3.5 5.5",
    "mail": "M3 6h18v12.5H3Z M3.5 6.5 12 13l8.5-6.5",
    "export": "M12 4v11 M7.5 11 12 15.5 16.5 11 M4 19.5h16",
    "inbox": "M3.5 13 6 5h12l2.5 8v6.5h-17Z M3.5 13H9l1 2.5h4L15 13h5.5",
    "codec": "M8.5 7 3.5 12l5 5 M15.5 7l5 5-5 5",
    "type": "M4 7.5 12 3.5l8 4v9l-8 4-8-4Z M4 7.5l8 4 8-4 M12 11.5v9",
    "connection": "M8.5 15.5 15.5 8.5 M10.5 6.5 13 4a5 5 0 0 1 7 7l-2.5 2.5"
    " M13.5 17.5 11 20a5 5 0 0 1-7-7l2.5-2.5",
    "system": "M4 19.5h16 M6.5 19V12 M12 19V5 M17.5 19V9",
    "menu": "M4 7h16 M4 12h16 M4 17h16",
    "search": "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z M15.5 15.5 20.5 20.5",
    "copy": "M8.5 8.5V4h11.5v11.5h-4.5 M4 8.5h11.5V20H4Z",
}

LOGO = (
    "M3 21 12 13l9 8 M12 13c-3.4-1.2-4-4-2.2-6.2C11 5.3 11.6 4 11.2 2c3 1.4"
    " 5.3 4.3 4.6 7.3C15.3 11.3 14 12.4 12 13Z"
)

# Shape and colour and word: each state has a shape of its own, so that colour is never alone.
MARKS: dict[str, str] = {
    "ok": '<circle cx="6" cy="6" r="5" fill="currentColor"/>',
    "alarm": '<path d="M6 .8 11.5 11H.5Z" fill="currentColor"/>',
    "silent": '<path d="M6 1.2 10.8 6 6 10.8 1.2 6Z" fill="none" stroke="currentColor"'
    ' stroke-width="2"/>',
    "unknown": '<circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor"'
    ' stroke-width="2" stroke-dasharray="2.4 2.3"/>',
    "paused": '<path d="M2.5 1h2.5v10H2.5Z M7 1h2.5v10H7Z" fill="currentColor"/>',
}


def icon_svg(name: str) -> SafeString:
    """One sign of the menu as inline SVG; KeyError for a name that is not in `ICONS`."""
    return stroked(ICONS[name], css="icon")


def logo_svg() -> SafeString:
    """A beacon fire on a hill."""
    return stroked(LOGO, css="logo")


def mark_svg(kind: str) -> SafeString:
    """The shape of a state; KeyError for a kind that is not in `MARKS`."""
    shape = mark_safe(MARKS[kind])  # noqa: S308 - a constant of this file
    return format_html('<svg viewBox="0 0 12 12" aria-hidden="true">{}</svg>', shape)


def stroked(path: str, *, css: str) -> SafeString:
    """A drawing of strokes in the colour of the text around it."""
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8"'
        ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{}"/></svg>',
        css,
        path,
    )
