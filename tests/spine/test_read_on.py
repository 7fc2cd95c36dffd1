"""Reading the journal on: a batch of large bodies ends early, and nothing is passed over."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection

from noroshi.inbox import journal
from noroshi.inbox.models import SLICES

NOW = datetime(2026, 11, 22, 1, 14, tzinfo=UTC)
COUNT = 6

pytestmark = pytest.mark.django_db


@pytest.fixture
def marks() -> dict[int, int]:
    """Every slice at the end of what was there; then come entries of 10 bytes each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM inbox_entry")
        (last,) = cursor.fetchone()
        for number in range(COUNT):
            cursor.execute(
                "INSERT INTO inbox_entry (key, slice, connection_id, received_at, event, address, "
                "content_type, query, body) VALUES (%s, %s, 1, %s, '', '', '', '', %s)",
                [uuid.uuid4(), number % 2, NOW, b"x" * 10],
            )
    return dict.fromkeys(range(SLICES), last)


@pytest.mark.parametrize(
    ("bytes_max", "batches"), [(1, [1] * 6), (10, [1] * 6), (25, [3, 3]), (60, [6]), (1000, [6])]
)
@pytest.mark.parametrize("slices", [2, SLICES])
def test_a_batch_ends_with_the_body_that_fills_it(
    marks: dict[int, int],
    monkeypatch: pytest.MonkeyPatch,
    bytes_max: int,
    batches: list[int],
    slices: int,
) -> None:
    monkeypatch.setattr(journal, "READ_BYTES_MAX", bytes_max)
    claimed = {each: last for each, last in marks.items() if each < slices}
    sizes, ids = [], []
    while True:
        rows, read_to = journal.read_on(claimed, limit=100)
        if not rows:
            break
        sizes.append(len(rows))
        ids += [row.id for row in rows]
        claimed = dict.fromkeys(claimed, read_to)
    assert sizes == batches
    assert ids == sorted(set(ids))
    assert len(ids) == COUNT
