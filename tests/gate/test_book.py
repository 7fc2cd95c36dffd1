"""What a gate remembers of its database: whole and for its owner only, or not at all."""

import uuid
from hashlib import sha256
from pathlib import Path

import pytest

from noroshi.gate.book import FILE, Book, Shelf
from noroshi.gate.connections import Connection

SECRET = b"Basic a2V5OnNlY3JldA=="


def a_book(*ids: int) -> Book:
    """The connections of these numbers."""
    made = [
        Connection(
            id=number,
            tenant_id=number or None,
            kind="json",
            token_hash=sha256(b"token %d" % number).digest(),
            factor="basic",
            factor_header="",
            factor_hash=sha256(SECRET).digest(),
            settings={"id": "端末", "nested": {"a": [1, 2.5, None]}},
        )
        for number in ids
    ]
    return Book(uuid.uuid4(), tuple(made))


def test_what_was_laid_down_is_found_by_its_owner_only_and_holds_no_secret(tmp_path: Path) -> None:
    book = a_book(0, 1, 2)
    Shelf(tmp_path).lay(book)
    assert Shelf(tmp_path).find() == book
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert b"token 1" not in file.read_bytes()
    assert SECRET not in file.read_bytes()


def test_the_disk_is_touched_only_when_something_changed(tmp_path: Path) -> None:
    shelf, book = Shelf(tmp_path), a_book(1)
    shelf.lay(book)
    shelf.file.unlink()
    shelf.lay(book)
    assert not shelf.file.exists()
    shelf.lay(Book(book.mark, ()))
    assert shelf.find() == Book(book.mark, ())


def test_nothing_damaged_strange_or_open_to_others_is_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.find() is None
    assert caplog.text == "", "a first start is no fault"
    shelf.lay(a_book(1))
    whole = shelf.file.read_bytes()
    for at in range(0, len(whole), 7):
        shelf.file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert shelf.find() is None
    for data in (b"", b"\n", whole[:-1], sha256(b"[]").hexdigest().encode() + b"\n[]"):
        shelf.file.write_bytes(data)
        assert shelf.find() is None
    shelf.file.write_bytes(whole)
    assert shelf.find() is not None
    shelf.file.chmod(0o640)
    assert shelf.find() is None
    assert "is open to others" in caplog.text
