"""What a mail that came back is: by the standard, in servers' own words, or a person's."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.outbox.bounces import Found, failure_of, read, status_in

MAILS = Path(__file__).parent.parent / "payloads" / "mail"
CASES = {
    "postfix_unknown_user": ("bounce", "hard", 550),
    "postfix_delayed": ("delay", "", 450),
    "full_for_five_days": ("bounce", "soft", 452),
    "exchange_policy": ("bounce", "policy", 550),
    "qmail": ("bounce", "hard", 550),
    "carrier": ("bounce", "hard", 550),
    "japanese": ("bounce", "hard", 550),
    "exim": ("bounce", "hard", 550),
    "holiday": ("automatic", "", None),
    "person": ("other", "", None),
    "complaint": ("other", "", None),
}


def mail(name: str) -> bytes:
    return (MAILS / f"{name}.eml").read_bytes()


def sender_of(name: str) -> str:
    first = mail(name).splitlines()[0].decode()
    return first.partition("<")[2].rstrip(">")


@pytest.mark.parametrize("name", CASES)
def test_a_mail_to_the_envelopes_sender_is_what_it_is(name: str) -> None:
    found = read(mail(name), is_to_envelope=True, sender=sender_of(name))
    assert (str(found.kind), str(found.failure), found.code) == CASES[name]


def test_every_mail_on_disk_has_its_case() -> None:
    assert {file.stem for file in MAILS.glob("*.eml")} == set(CASES)


def test_the_servers_own_words_are_kept_on_one_line() -> None:
    found = read(mail("postfix_unknown_user"), is_to_envelope=True, sender="")
    assert found.answer == (
        "550 5.1.1 <taro@example.com>: Recipient address rejected: User unknown"
    )
    assert read(mail("qmail"), is_to_envelope=True, sender="").answer == (
        "Sorry, no mailbox here by that name. (#5.1.1)"
    )


def test_what_a_person_writes_to_reply_to_is_a_reply_and_no_bounce() -> None:
    assert read(mail("person"), is_to_envelope=False, sender="ohno@example.jp") == Found("reply")
    holiday = read(mail("holiday"), is_to_envelope=False, sender="")
    assert holiday == Found("automatic")


def test_a_persons_words_about_unknown_users_bounce_nothing() -> None:
    words = b"From: taro@example.jp\r\nSubject: user unknown\r\n\r\n550 5.1.1 user unknown\r\n"
    assert read(words, is_to_envelope=True, sender="taro@example.jp").kind == "other"
    assert read(words, is_to_envelope=False, sender="taro@example.jp").kind == "reply"


@pytest.mark.parametrize(
    ("status", "text", "failure"),
    [
        ("5.1.1", "User unknown", "hard"),
        ("550", "no such user", "hard"),
        ("5.2.2", "mailbox full", "hard"),
        ("5.7.1", "blocked", "policy"),
        ("550", "relay not permitted", "policy"),
        ("", "nothing said", "policy"),
        ("4.2.2", "mailbox full", "soft"),
        ("451", "later", "soft"),
    ],
)
def test_what_a_refusal_says_of_an_address(status: str, text: str, failure: str) -> None:
    assert failure_of(status, text) == failure


def test_a_status_is_read_only_where_it_fits_the_code() -> None:
    assert status_in("5.1.1 gone", 550) == "5.1.1"
    assert status_in("see 4.2.2 of the manual", 550) == "550"
    assert status_in("192.5.1.1 said no") == ""


@given(st.binary(max_size=2000), st.sampled_from(["", "taro@example.jp"]))
def test_nothing_that_comes_breaks_the_reader(raw: bytes, sender: str) -> None:
    for is_to_envelope in (False, True):
        assert read(raw, is_to_envelope=is_to_envelope, sender=sender).kind in {
            "bounce", "delay", "automatic", "reply", "other",
        }  # fmt: skip


@given(st.sampled_from(sorted(CASES)), st.data())
def test_a_true_mail_with_broken_places_breaks_nothing(name: str, data: st.DataObject) -> None:
    raw = bytearray(mail(name))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    read(bytes(raw), is_to_envelope=True, sender="")
