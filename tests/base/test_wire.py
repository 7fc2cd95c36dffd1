"""The kept cursor of hot queries."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from noroshi.base import wire

pytestmark = pytest.mark.django_db


def test_a_hot_query_inside_another_does_not_take_its_answer() -> None:
    with wire.hot() as outer:
        outer.execute("SELECT generate_series(1, 3)")
        with wire.hot() as inner:
            assert inner.execute("SELECT 9").fetchall() == [(9,)]
        assert outer.fetchall() == [(1,), (2,), (3,)]


def test_hot_queries_share_a_cursor_one_after_the_other() -> None:
    with wire.hot() as first:
        pass
    with wire.hot() as second:
        assert second is first
        assert second.execute("SELECT '{\"a\": 1}'::jsonb").fetchall() == [({"a": 1},)]


def test_every_thread_and_every_new_connection_has_a_hot_cursor_of_its_own() -> None:
    with ThreadPoolExecutor(1) as beside:
        theirs = beside.submit(two_connections).result()
    assert len({backend(), *theirs}) == 3


def two_connections() -> list[int]:
    """The backends before and after a connection was closed."""
    found = []
    for _ in range(2):
        found.append(backend())
        connection.close()
    return found


def backend() -> int:
    """The server's process that answers here."""
    with wire.hot() as cursor:
        found = cursor.execute("SELECT pg_backend_pid()").fetchone()
    return int(found[0]) if found else 0


def test_an_error_inside_gives_the_cursor_back() -> None:
    with pytest.raises(ZeroDivisionError), wire.hot() as first:
        _ = 1 / 0
    with wire.hot() as second:
        assert second is first
