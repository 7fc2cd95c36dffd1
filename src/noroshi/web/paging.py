"""Cut long lists into pages; a page number that is nonsense shows the nearest page."""

from datetime import datetime
from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from noroshi.base import wire

Row = TypeVar("Row", bound=Model)

MICROS_MAX = 4_102_444_800_000_000  # 2100-01-01


class Counted(Paginator):  # type: ignore[type-arg]  # generic only in its stubs
    """A paginator that was told how many rows there are, and does not ask again."""

    def __init__(self, rows: QuerySet[Row], per_page: int, known: int) -> None:
        super().__init__(rows, per_page)
        self.known = known

    @property
    def count(self) -> int:
        """The number of rows over all pages."""
        return self.known


def page_of(
    request: HttpRequest, rows: QuerySet[Row], per_page: int, *, known: int | None = None
) -> Page[Row]:
    """The page that `?page=` asks for; `known` saves the counting."""
    paginator = Paginator(rows, per_page) if known is None else Counted(rows, per_page, known)
    return paginator.get_page(request.GET.get("page"))


def before_of(request: HttpRequest) -> datetime | None:
    """The instant in `?before=` (microseconds since 1970), from which a list goes back in time."""
    text = request.GET.get("before", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MICROS_MAX))):
        return None
    return moment(int(text))


def moment(micros: int) -> datetime | None:
    """The instant of so many microseconds since 1970; None beyond any sensible year."""
    return wire.moment(micros) if micros < MICROS_MAX else None
