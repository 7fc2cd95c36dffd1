"""Work through a table as a queue: the row lock is the claim."""

from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def claim(rows: models.QuerySet[Row], *, limit: int) -> list[Row]:
    """Lock up to `limit` rows that no other worker holds; the caller's transaction holds them.

    A worker that dies loses its transaction and so its claim: no row is ever stuck in the
    hands of a dead worker, and nothing has to look for such rows.
    """
    return list(rows.select_for_update(skip_locked=True, of=("self",))[:limit])
