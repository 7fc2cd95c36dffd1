"""The program `noroshi ledger`: what it says, how it ends, and the mail that leaves the house."""

from datetime import timedelta

import pytest

from noroshi.jobs.ledger import keep, main
from noroshi.outbox.models import Message
from noroshi.tenants import ledger
from noroshi.tenants.models import LedgerAnchor, User
from tests.tenants.deeds import NOW, act, contractor, forging

SHOWN = "2026-11-22T10:15:30.123456+09:00"


def staff(login: str, *roles: str, email: str = "") -> None:
    User.objects.create_user(
        login, "x", name=login, kind="staff", staff_roles=list(roles),
        email=email or f"{login}@example.jp", language="en" if login == "ed" else "ja",
    )  # fmt: skip


def test_whole_chains_end_with_zero(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    act(contractor())
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == "1 links in 1 chains: nothing wrong\n"


def test_a_finding_is_one_line_and_ends_with_one(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    member = contractor()
    act(member)
    act(member)
    with forging() as cursor:
        cursor.execute("UPDATE tenants_intent SET text = text || '。' WHERE number = 2")
        assert main(["verify", "--tenant", "store"]) == 1
    assert capsys.readouterr().out == (
        "store/2: the text is not the one that was hashed\n"
        "store/2: changed since it was written\n"
        "2 links in 1 chains: 2 findings\n"
    )


def test_a_tenant_nobody_has_is_a_wrong_use(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--tenant", "nobody"]) == 2
    assert "no tenant has the code nobody" in capsys.readouterr().err


def test_the_mail_of_the_day_tells_what_show_finds_later(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    staff("pia", "privacy")
    staff("ed", "admin", "billing")
    staff("bill", "billing")
    staff("silent", "admin", email="no address")
    member = contractor()
    act(member)
    assert keep(NOW) == 1
    told = ledger.heads_hash(ledger.heads())
    act(member)
    assert keep(NOW + timedelta(hours=1)) == 1
    mails = Message.objects.order_by("pk")
    assert [mail.address for mail in mails] == ["pia@example.jp", "ed@example.jp"]
    assert mails[0].subject == "【記録】意思表示の鎖 2026-11-22"
    assert mails[1].subject == "[Record] Chains of declarations 2026-11-22"
    assert all(told in mail.body and SHOWN in mail.body for mail in mails)
    assert main(["show", "--at", SHOWN]) == 0
    assert capsys.readouterr().out.endswith(f"1 chains, heads {told}\n")
    assert main(["show"]) == 0
    assert told not in capsys.readouterr().out


def test_the_next_day_has_a_mail_of_its_own_even_when_nothing_moved(db: None) -> None:
    staff("pia", "privacy")
    act(contractor())
    keep(NOW)
    keep(NOW + timedelta(days=1))
    assert Message.objects.count() == 2
    assert LedgerAnchor.objects.count() == 1


def test_without_acts_there_is_nothing_to_tell(db: None) -> None:
    staff("pia", "privacy")
    assert keep(NOW) == 0
    assert not Message.objects.exists()
