"""The form a mail takes for one recipient: characters, quoted addresses, a way to say stop."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.outbox import consent, standing
from noroshi.outbox.actions import post_all
from noroshi.outbox.addresses import quoted
from noroshi.outbox.charsets import encoded, full_kana
from noroshi.outbox.due import Sender
from noroshi.outbox.mime import to_bytes
from noroshi.outbox.models import Message, Standing
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant
from tests.contracted import make_tenant
from tests.outbox.conftest import MailServer, new
from tests.outbox.test_mime import mail

NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
ODD = "a..b.@docomo.ne.jp"
QUOTED = '"a..b."@docomo.ne.jp'
REFUSED = "550 5.1.1 no such user"
JIS = st.text(st.sampled_from("あ漢字アabc 123〜−。\n「ー」①") | st.characters(codec="ascii"))


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant(name="みどり農園", created_at=NOW)


def post(tenant: Tenant | None, number: int, **fields: Any) -> Message:
    message_id = f"f{number}@example.jp"
    owner = tenant.pk if tenant else None
    post_all([new(number, tenant_id=owner, message_id=message_id, **fields)], now=NOW)
    return Message.objects.get(message_id=message_id)


@pytest.mark.parametrize(
    ("half", "full"),
    [
        ("ﾜﾅ1号", "ワナ1号"),
        ("ﾊﾞｯﾃﾘｰ", "バッテリー"),
        ("ﾊﾟﾝ｡｢ｱ｣", "パン。「ア」"),
        ("①㈱Ａ ㎜", "①㈱Ａ ㎜"),  # nothing else is touched
    ],
)
def test_half_width_kana_become_full_width_and_nothing_else_changes(half: str, full: str) -> None:
    assert full_kana(half) == full


def test_the_subject_is_written_in_full_width_for_everybody(tenant: Tenant) -> None:
    assert post(tenant, 1, subject="【わな作動】ﾜﾅ1号").subject == "【わな作動】ワナ1号"


@given(JIS, JIS.map(lambda text: " ".join(text.split())))
def test_what_is_written_in_old_characters_is_what_is_read(body: str, subject: str) -> None:
    body = "".join(one for one in body if one.isprintable() or one == "\n")
    subject = "".join(one for one in subject if one.isprintable())
    octets = to_bytes(mail(body=body, subject=subject, charset="iso-2022-jp"))
    assert octets.isascii()
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    read = message_from_bytes(octets, policy=policy.default)
    is_old = "①" not in body + subject
    assert read.get_content_charset() == ("iso-2022-jp" if is_old else "utf-8")
    assert read["Subject"] == subject
    assert read.get_content().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")
    assert b"?" not in body.encode() or "?" in read.get_content()


@pytest.mark.parametrize("text", ["髙﨑", "①㈱", "𠮷", "😀", "é"])
def test_a_character_without_a_place_makes_the_mail_utf_8_and_never_a_question_mark(
    text: str,
) -> None:
    assert encoded(text, "iso-2022-jp") is None
    for fields in ({"body": text}, {"subject": text}, {"sender_name": text}):
        octets = to_bytes(mail(charset="iso-2022-jp", **fields))
        assert b"iso-2022-jp" not in octets.lower()
    assert message_from_bytes(octets, policy=policy.default)["From"].startswith(text)


def test_signs_that_windows_writes_have_their_place() -> None:
    octets = encoded("10～20 －5 ∥", "iso-2022-jp")
    assert octets is not None
    assert octets.decode("iso2022_jp") == "10〜20 −5 ‖"


def test_a_recipients_choice_of_characters_is_kept_and_used(
    tenant: Tenant, server: MailServer
) -> None:
    standing.choose_charset("r1@example.jp", "iso-2022-jp", by=Actor(None, tenant), now=NOW)
    assert post(tenant, 1, address="r1@example.jp").charset == "iso-2022-jp"
    assert post(tenant, 2, address="r2@example.jp").charset == "utf-8"
    assert AuditEntry.objects.get(action="address.charset").subject == "r1@example.jp"
    Sender().send_due(NOW)
    by_address = dict(server.mails)
    assert b"charset=iso-2022-jp" in by_address["r1@example.jp"]
    assert b"charset=utf-8" in by_address["r2@example.jp"]
    with pytest.raises(ValueError, match="latin"):
        standing.choose_charset("r1@example.jp", "latin-1", by=Actor(None, tenant), now=NOW)


@pytest.mark.parametrize(
    ("address", "form"),
    [
        (ODD, QUOTED),
        (".a@ezweb.ne.jp", '".a"@ezweb.ne.jp'),
        ("a.@docomo.ne.jp", '"a."@docomo.ne.jp'),
        ("a.b@docomo.ne.jp", ""),
    ],
)
def test_only_an_odd_address_has_a_quoted_form(address: str, form: str) -> None:
    assert quoted(address) == form


def strict(tries: list[str]) -> Callable[[socket.socket], None]:
    """A server that takes the quoted form only."""

    def talk(line: socket.socket) -> None:
        line.sendall(b"220 strict\r\n")
        reader = line.makefile("rb")
        for command in reader:
            word = command.split(b" ")[0].strip().upper()
            answer = b"250 OK"
            if word == b"RCPT":
                tries.append(command.decode().partition("<")[2].partition(">")[0])
                answer = b"250 OK" if tries[-1] == QUOTED else b"553 5.1.3 malformed"
            if word == b"DATA":
                line.sendall(b"354 go on\r\n")
                while reader.readline() != b".\r\n":
                    pass
            line.sendall(answer + b"\r\n")
            if word == b"QUIT":
                return

    return talk


def test_an_odd_address_is_tried_plain_then_quoted_and_what_worked_is_remembered(
    tenant: Tenant, raw_server: Callable[..., str], settings: Any
) -> None:
    tries: list[str] = []
    settings.MAIL_FROM = "noroshi@example.jp"
    for number, wanted in ((1, [ODD, QUOTED]), (2, [QUOTED])):
        settings.SMTP_URL = raw_server(strict(tries))
        message = post(tenant, number, address=ODD)
        Sender().send_due(NOW)
        message.refresh_from_db()
        assert message.state == "sent"
        assert tries == wanted
        assert Standing.objects.get().is_quoted
        tries.clear()


def test_an_odd_address_that_nobody_takes_is_refused_once_in_the_ledger(
    tenant: Tenant, server: MailServer
) -> None:
    server.at_rcpt |= {ODD: REFUSED, QUOTED: REFUSED}
    message = post(tenant, 1, address=ODD)
    Sender().send_due(NOW)
    message.refresh_from_db()
    assert (message.state, message.failure) == ("given_up", "hard")
    assert message.deliveries.count() == 1


def test_an_alarm_says_where_to_stop_it_and_other_mails_do_not(
    tenant: Tenant, server: MailServer, settings: Any
) -> None:
    alarm = post(tenant, 1, kind="incident.opened")
    post(tenant, 2, kind="visit.opened")
    post(None, 3, kind="account.reset")
    Sender().send_due(NOW)
    heads = [octets.partition(b"\r\n\r\n")[0].decode() for _, octets in server.mails]
    lines = [line for head in heads for line in head.split("\r\n") if "List-Unsub" in line]
    assert lines == [f"List-Unsubscribe: <{consent.stop_link(alarm)}>"]
    assert len(lines[0]) <= 200
    token = consent.stop_link(alarm).split("/")[-2]
    link = consent.read_link(token)
    assert link is not None
    shown = consent.of_link(link)
    assert shown is not None
    assert shown.wanted.state == "confirmed"
    consent.answer(link, is_yes=False, now=NOW)
    assert post(tenant, 4, kind="incident.opened", address=alarm.address).reason == "declined"
