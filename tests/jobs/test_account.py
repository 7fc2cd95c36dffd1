"""`noroshi account` and `noroshi add-staff`: what an operator does at a terminal."""

import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from noroshi.jobs import account, add_staff
from noroshi.tenants.models import AuditEntry, Tenant, User
from tests.contracted import make_tenant

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant(name="みどりの里", code="midori", created_at=NOW)


def test_a_letter_is_written_for_its_owner_only_and_never_over_another_file(
    tenant: Tenant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "aki.pdf"
    account.main(["issue", "midori", "緑川 あき", "--role", "admin", "--letter", str(file)])
    assert file.read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    user = User.objects.get(name="緑川 あき")
    assert user.must_change_password
    assert user.memberships.get().role == "admin"
    said = capsys.readouterr().out
    assert user.login in said
    assert not re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-", said)
    with pytest.raises(SystemExit, match="cannot be written"):
        account.main(["reset", user.login, "--letter", str(file)])
    user.refresh_from_db()
    assert AuditEntry.objects.filter(action="user.reissued").count() == 0


def test_a_link_is_printed_and_opens(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    account.main(["issue", "midori", "緑川 あき", "--login", "aki", "--link"])
    path = re.search(r"/begin/[\w-]{43}/", capsys.readouterr().out)
    assert path is not None
    assert Client().get(path.group()).status_code == 200
    account.main(["reset", "aki", "--link"])
    assert Client().get(path.group()).status_code == 410


def test_stop_start_close(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    account.main(["issue", "midori", "緑川 あき", "--login", "aki", "--link"])
    capsys.readouterr()
    for verb in ("stop", "start", "close"):
        account.main([verb, "aki"])
    assert capsys.readouterr().out.split("\n")[:3] == ["aki: stopped", "aki: issued", "aki: closed"]
    with pytest.raises(SystemExit, match="noroshi: "):
        account.main(["start", "aki"])


@pytest.mark.parametrize(
    "words",
    [
        ["issue", "nowhere", "あき", "--link"],
        ["reset", "nobody", "--link"],
        ["stop", "nobody"],
        ["issue", "midori", "あき", "--link", "--login", "x"],
    ],
)
def test_what_cannot_be_done_ends_with_one_line(tenant: Tenant, words: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"^noroshi: "):
        account.main(words)
    assert not User.objects.exists()


def test_one_way_of_handing_over_must_be_chosen(tenant: Tenant) -> None:
    with pytest.raises(SystemExit):
        account.main(["issue", "midori", "あき"])


def test_the_first_account_of_the_office_begins_with_the_change_too(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    add_staff.main(["admin", "--make-password"])
    secret = capsys.readouterr().out.strip()
    made = User.objects.get(login="admin")
    assert made.check_password(secret)
    assert made.is_staff
    assert made.must_change_password
    add_staff.main(["second", "--name", "けい"])
    path = re.search(r"/begin/[\w-]{43}/", capsys.readouterr().out)
    assert path is not None
    assert Client().get(path.group()).status_code == 200
    with pytest.raises(SystemExit, match="noroshi: "):
        add_staff.main(["admin"])


def test_the_first_approver_of_the_office_is_made_at_the_terminal(db: None) -> None:
    add_staff.main(["sora", "--role", "approver"])
    assert User.objects.get(login="sora").staff_roles == ["approver"]
