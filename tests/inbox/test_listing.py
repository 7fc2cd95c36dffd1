"""The office's list of the journal does not show in which form an entry lies."""

import pytest

from noroshi.inbox import listing, packing
from noroshi.inbox.listing import Wanted
from noroshi.inbox.models import Entry
from tests.inbox.conftest import NOW, Journal, nobodys


def every(wanted: Wanted, limit: int) -> list[int]:
    """All pages of a list, as ids."""
    ids: list[int] = []
    while True:
        page = listing.recent(wanted, limit=limit, ids_back=1000)
        if not page:
            return ids
        ids += [one.id for one in page]
        wanted = Wanted(page[-1].id, wanted.connection, wanted.address)


@pytest.fixture
def mixed(journal_of: Journal) -> Journal:
    """30 entries of two old days and 5 hot ones."""
    journal_of.take(15)
    journal_of.take(15, NOW.replace(day=14))
    journal_of.take(5, NOW)
    journal_of.read_all()
    return journal_of


@pytest.mark.parametrize("limit", [1, 4, 100])
@pytest.mark.parametrize("address", ["", "0003", "0101"])
def test_the_list_is_the_same_before_and_after_packing(
    mixed: Journal, limit: int, address: str
) -> None:
    wanted = Wanted(None, mixed.source.pk, address)
    before, rows = every(wanted, limit), listing.recent(wanted, limit=9, ids_back=1000)
    assert packing.pack_closed(NOW, nobodys) == 30
    assert every(wanted, limit) == before
    assert listing.recent(wanted, limit=9, ids_back=1000) == rows
    assert before == sorted(before, reverse=True)
    assert len(before) == {"": 35, "0003": 5, "0101": 35}[address]


def test_the_list_goes_no_further_back_than_asked(mixed: Journal) -> None:
    packing.pack_closed(NOW, nobodys)
    newest = Entry.objects.latest("id").id
    found = listing.recent(Wanted(), limit=100, ids_back=7)
    assert [one.id for one in found] == [newest - n for n in range(7)]


def test_another_connections_entries_are_not_listed(mixed: Journal) -> None:
    packing.pack_closed(NOW, nobodys)
    assert listing.recent(Wanted(None, mixed.source.pk + 1), limit=9, ids_back=1000) == []
