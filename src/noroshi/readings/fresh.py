"""Insert what cannot be there yet: one way down the index instead of two, no word of doubt."""

from collections.abc import Sequence

from django.db import IntegrityError

from noroshi.base import wire


class KnownAlready(Exception):
    """Something was there after all: roll back to the savepoint, and look before inserting."""


def insert_new(query: str, columns: Sequence[wire.Packed]) -> None:
    """Run an INSERT without ON CONFLICT. Raises KnownAlready, and the savepoint is spent."""
    try:
        with wire.hot() as cursor:
            cursor.execute(query, columns)
    except IntegrityError as error:
        raise KnownAlready from error
