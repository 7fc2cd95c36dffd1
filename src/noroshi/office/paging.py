"""Cut long lists into pages, and read what an address asks for."""

from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)

TEXT_CHARS_MAX = 100
NUMBER_DIGITS_MAX = 18  # what a bigint holds for certain


def page_of(request: HttpRequest, rows: QuerySet[Row], per_page: int) -> Page[Row]:
    """The page that `?page=` asks for; nonsense shows the nearest page."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def text_of(request: HttpRequest, key: str) -> str:
    """What was typed into a filter: no NUL, trimmed, not too long."""
    return request.GET.get(key, "").replace("\0", "").strip()[:TEXT_CHARS_MAX]


def number_of(request: HttpRequest, key: str) -> int | None:
    """A row's number in the address; None when it is none."""
    text = request.GET.get(key, "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX
    return int(text) if is_number else None


def one_of(request: HttpRequest, key: str, known: tuple[str, ...]) -> str:
    """A choice in the address, or "" for one that does not exist."""
    text = request.GET.get(key, "")
    return text if text in known else ""
