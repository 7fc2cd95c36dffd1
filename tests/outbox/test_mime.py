"""The bytes of a mail, read back by Python's own parser."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from noroshi.outbox.mime import File, Mail, to_bytes

NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
BREAKS = ("Cc", "Cs", "Zl", "Zp")
header_texts = st.text(st.characters(exclude_categories=BREAKS), max_size=200)
tricky = st.sampled_from(["=?utf-8?B?44GC?=", " a", "a ", "", "a" * 200, "𠮷" * 60, "=?", "a: b"])


def mail(**fields: Any) -> Mail:
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


@given(
    st.lists(
        st.tuples(
            header_texts.map(lambda text: text[:100].strip()).filter(bool), st.binary(max_size=500)
        ),
        max_size=3,
    ),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_files_arrive_with_their_names_and_every_byte(
    files: list[tuple[str, bytes]], body: str
) -> None:
    sent = [File(name, "application/pdf", content) for name, content in files]
    octets = to_bytes(mail(body=body, files=sent))
    assert octets.isascii()
    assert all(len(line) <= 200 for line in octets.split(b"\r\n"))
    read = message_from_bytes(octets, policy=policy.default)
    assert read.defects == []
    parts = list(read.iter_attachments())
    assert [part.get_filename() for part in parts] == [one.name for one in sent]
    assert [part.get_payload(decode=True) for part in parts] == [one.body for one in sent]
    assert {part.get_content_type() for part in parts} <= {"application/pdf"}
    text = read.get_body() if sent else read
    assert text is not None
    assert text.get_content_type() == "text/plain"
    expected = body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    assert text.get_payload(decode=True).decode() == expected


def test_a_mail_with_a_file_is_the_same_to_the_byte_when_it_is_sent_again() -> None:
    letter = mail(files=[File("【控え】お手続きの内容.pdf", "application/pdf", b"%PDF-1.7")])
    assert to_bytes(letter) == to_bytes(letter)
    assert b"filename*0*=utf-8''%E3%80%90" in to_bytes(letter)


def test_a_mail_without_files_stays_one_plain_text() -> None:
    read = message_from_bytes(to_bytes(mail()), policy=policy.default)
    assert read.get_content_type() == "text/plain"
