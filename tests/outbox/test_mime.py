"""The bytes of a mail, read back by Python's own parser."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header

from hypothesis import given
from hypothesis import strategies as st

from noroshi.outbox.mime import Mail, to_bytes

NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
BREAKS = ("Cc", "Cs", "Zl", "Zp")
header_texts = st.text(st.characters(exclude_categories=BREAKS), max_size=200)
tricky = st.sampled_from(["=?utf-8?B?44GC?=", " a", "a ", "", "a" * 200, "𠮷" * 60, "=?", "a: b"])


def mail(**fields: str) -> Mail:
    plain = {
        "sender_name": "",
        "sender": "noroshi@example.jp",
        "address": "aki@example.jp",
        "subject": "s",
        "body": "b",
        "message_id": "i.recovered.r@example.jp",
        "thread_id": "",
        "language": "ja",
    }
    return Mail(**(plain | fields), written_at=NOW)


@given(header_texts | tricky, header_texts, st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_what_is_read(subject: str, name: str, body: str) -> None:
    octets = to_bytes(mail(subject=subject, sender_name=name, body=body))
    read = message_from_bytes(octets, policy=policy.default)
    assert read.defects == []
    assert read["Subject"] == subject
    assert read["From"].addresses[0].addr_spec == "noroshi@example.jp"
    # Not by display_name: Python's parser keeps the space between two encoded words of a name.
    raw_from = message_from_bytes(octets)["From"]
    assert str(make_header(decode_header(raw_from))).split()[:-1] == name.split()
    expected = body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    assert read.get_payload(decode=True).decode() == expected


@given(header_texts | tricky, st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_makes_a_header_or_a_long_line(subject: str, body: str) -> None:
    octets = to_bytes(mail(subject=subject, body=body))
    assert octets.isascii()
    lines = octets.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line and len(line) <= 200 for line in lines)
    names = [line.partition(b":")[0] for line in lines[: lines.index(b"")] if line[:1] != b" "]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted",
        b"Content-Language", b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding",
    ]  # fmt: skip


def test_the_head_tells_time_in_japan_thread_and_that_no_person_wrote_it() -> None:
    read = message_from_bytes(
        to_bytes(mail(thread_id="i.opened.r@example.jp")), policy=policy.default
    )
    assert read["Date"] == "Sun, 22 Nov 2026 10:15:00 +0900"
    assert read["Message-ID"] == "<i.recovered.r@example.jp>"
    assert read["In-Reply-To"] == "<i.opened.r@example.jp>"
    assert read["References"] == "<i.opened.r@example.jp>"
    assert read["Auto-Submitted"] == "auto-generated"


def test_the_first_mail_of_a_thread_answers_none() -> None:
    first = to_bytes(mail(thread_id="i.recovered.r@example.jp"))
    assert b"In-Reply-To" not in first


def test_an_old_carrier_address_is_written_as_it_is() -> None:
    assert b"To: a..b.@docomo.ne.jp\r\n" in to_bytes(mail(address="a..b.@docomo.ne.jp"))
