"""The operator's tools about signing in: places by CSV, a lost second factor."""

import sys
from pathlib import Path

import pytest

from noroshi.jobs import import_places, remove_factors
from noroshi.tenants import factors
from noroshi.tenants.models import AddressRange, AuditEntry, User
from tests.factors import give_app


def run(tool: object, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["noroshi", *words])
    tool.main()  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_places_replace_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    AddressRange.objects.create(first="9.9.9.0", last="9.9.9.9", place="old")
    file = tmp_path / "places.csv"
    lines = (
        "first,last,place",
        "198.51.100.0,198.51.100.255,日進市",
        "",
        "2001:db8::,2001:db8::f,名古屋市",
    )
    file.write_text("\n".join(lines), encoding="utf-8-sig")
    run(import_places, monkeypatch, str(file))
    assert capsys.readouterr().out == "2 ranges are known now.\n"
    assert set(AddressRange.objects.values_list("place", flat=True)) == {"日進市", "名古屋市"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("198.51.100.0,198.51.100.255", "line 2 has 2 fields"),
        ("198.51.100.9,198.51.100.1,x", "put the lower one first"),
        ("198.51.100.9,2001:db8::,x", "is no range"),
        ("somewhere,198.51.100.1,x", "'somewhere' is not an internet address"),
        ("198.51.100.0,198.51.100.1, ", "the place must have 1 to 100 characters"),
    ],
)
def test_a_wrong_line_changes_nothing_and_is_named(
    line: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    AddressRange.objects.create(first="9.9.9.0", last="9.9.9.9", place="old")
    file = tmp_path / "places.csv"
    file.write_text(f"9.9.8.0,9.9.8.9,new\n{line}\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=told):
        run(import_places, monkeypatch, str(file))
    assert AddressRange.objects.get().place == "old"


@pytest.mark.parametrize(("body", "told"), [(None, "cannot read"), (b"\x8a\xbf", "is not UTF-8")])
def test_a_file_that_cannot_be_read_is_named(
    body: bytes | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    file = tmp_path / "places.csv"
    if body is not None:
        file.write_bytes(body)
    with pytest.raises(SystemExit, match=told):
        run(import_places, monkeypatch, str(file))


def test_lost_factors_go_with_a_reason_and_only_where_there_are_some(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sora = User.objects.create_user("sora", "s" * 20, name="そら")
    for login, told in (("nobody", "nobody has the user id"), ("sora", "has no second factor")):
        with pytest.raises(SystemExit, match=told):
            run(remove_factors, monkeypatch, login, "--reason", "x")
    give_app(sora)
    run(remove_factors, monkeypatch, "sora", "--reason", "lost phone, known by voice")
    assert "1 second factors of sora are gone" in capsys.readouterr().out
    assert not factors.has_factor(sora)
    entry = AuditEntry.objects.get(action="user.factors_removed")
    assert entry.details["reason"] == "lost phone, known by voice"
