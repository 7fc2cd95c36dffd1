"""`noroshi receive` as a mail server meets it: kept before 250, bounded, no relay."""

import os
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as house
from django.db import connection, transaction
from django.utils import timezone

from noroshi.alarms.models import Incident
from noroshi.base.roles import PIPELINE
from noroshi.jobs.receive import MAILS_AT_ONCE, MAILS_PER_S, Room, is_ours
from noroshi.outbox import codes
from noroshi.outbox.actions import NewMessage, post_all
from noroshi.outbox.incoming import MAIL_BYTES_MAX
from noroshi.outbox.models import Incoming, Message
from tests.alarms.conftest import open_store
from tests.committed import transactional_db
from tests.database import url_of

__all__ = ["transactional_db"]

MAILS = Path(__file__).parent.parent / "payloads" / "mail"
DOMAIN = "back.example.jp"


@pytest.fixture(autouse=True)
def domain(settings: Any) -> None:
    settings.RETURN_DOMAIN, settings.MAIL_FROM = DOMAIN, "のろし <noroshi@example.jp>"


@pytest.fixture
def port(transactional_db: None) -> Iterator[int]:
    """The running program's port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    program = subprocess.Popen(
        [sys.executable, "-m", "noroshi", "receive"],
        env=os.environ
        | {
            "DATABASE_URL": url_of(PIPELINE),
            "NOROSHI_SECRET_KEY": house.SECRET_KEY,
            "NOROSHI_MAIL_FROM": "noroshi@example.jp",
            "NOROSHI_RETURN_DOMAIN": DOMAIN,
            "NOROSHI_RECEIVE_PORT": str(number),
        },
        stderr=subprocess.DEVNULL,
    )
    until(lambda: is_open(number))
    yield number
    program.terminate()
    assert program.wait(10) == 0


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def until(what: Any, *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def a_message() -> Message:
    new = NewMessage(None, "test", "x", "taro@example.com", "s", "b", "m1@example.jp", "", "ja")
    post_all([new], now=timezone.now())
    Message.objects.update(state="sent", sent_at=timezone.now())
    return Message.objects.get()


def test_a_bounce_finds_its_message_and_strangers_find_no_relay(port: int) -> None:
    message = a_message()
    ours = codes.address(codes.BOUNCE, message.pk)
    raw = (MAILS / "postfix_unknown_user.eml").read_bytes().replace(b"\n", b"\r\n")
    with smtplib.SMTP("127.0.0.1", port) as line:
        assert line.ehlo("mx.example.jp")[0] == 250
        line.mail("")
        assert line.rcpt("somebody@example.com")[0] == 550
        assert line.rcpt(f"nobody@{DOMAIN}")[0] == 550
        assert line.rcpt(ours)[0] == 250
        assert line.rcpt(ours)[0] == 452
        assert line.data(raw)[0] == 250
        # What was said to be kept is committed.
        assert Incoming.objects.get().sender == ""
        until(lambda: Message.objects.get().state == "bounced")
        assert bytes(Incoming.objects.get().raw).startswith(b"Return-Path: <>")


def test_an_answer_to_an_alarm_acknowledges_it_and_an_automatic_one_does_not(port: int) -> None:
    store = open_store()
    store.rule()
    with transaction.atomic():
        store.feed((0, 11.0))
    told = {one.address: one for one in Message.objects.all()}
    for name, head in (("ben", "Auto-Submitted: auto-replied\n"), ("aki", "")):
        ours = codes.address(codes.ANSWER, told[f"{name}@example.jp"].pk)
        with smtplib.SMTP("127.0.0.1", port) as line:
            raw = f"From: {name}@example.jp\nTo: {ours}\n{head}\nack\n\n> 11.0"
            line.sendmail(f"{name}@example.jp", [ours], raw)
        until(lambda: not Incoming.objects.filter(state="waiting").exists())
        assert (Incident.objects.get().acknowledged_name == "Aki") is (name == "aki")
    forged = f"a-{told['aki@example.jp'].pk:x}-{'a' * 16}@{DOMAIN}"
    with smtplib.SMTP("127.0.0.1", port) as line, pytest.raises(smtplib.SMTPRecipientsRefused):
        line.sendmail("aki@example.jp", [forged], "From: aki@example.jp\n\nack")
    assert Incoming.objects.count() == 2
    assert Message.objects.count() == 2  # nobody was answered


def test_a_mail_that_is_too_large_is_refused(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as line:
        line.ehlo("mx.example.jp")
        assert line.docmd(f"MAIL FROM:<a@example.jp> SIZE={MAIL_BYTES_MAX + 1}")[0] == 552
        line.mail("a@example.jp")
        line.rcpt(f"postmaster@{DOMAIN}")
        assert line.data(b"x" * 80 + b"\r\n" + b"y" * (MAIL_BYTES_MAX + 1))[0] in {500, 552}
    assert not Incoming.objects.exists()


def test_a_mail_that_cannot_be_kept_is_not_said_to_be(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as line:
        line.ehlo("mx.example.jp")
        line.mail("a@example.jp")
        line.rcpt("noroshi@example.jp")
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE NONE")
            cursor.execute("ALTER TABLE outbox_incoming RENAME TO outbox_elsewhere")
        connection.commit()
        try:
            assert line.data(b"Subject: x\r\n\r\nx")[0] == 451
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL ROLE NONE")
                cursor.execute("ALTER TABLE outbox_elsewhere RENAME TO outbox_incoming")
            connection.commit()
            connection.set_autocommit(True)
        line.mail("a@example.jp")
        line.rcpt("noroshi@example.jp")
        assert line.data(b"Subject: x\r\n\r\nx")[0] == 250


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("noroshi@example.jp", True),
        ("Noroshi@Example.JP", True),
        ("postmaster@back.example.jp", True),
        ("abuse@BACK.example.jp", True),
        ("postmaster@example.com", False),
        ("b-1-aaaaaaaaaaaaaaaa@back.example.jp", False),
        ("anybody@back.example.jp", False),
        ("", False),
    ],
)
def test_only_our_own_addresses_are_ours(address: str, answer: bool) -> None:  # noqa: FBT001
    assert is_ours(address) is answer


def test_a_signed_address_is_ours_at_our_domain_only() -> None:
    ours = codes.address(codes.ANSWER, 7)
    assert is_ours(ours)
    assert is_ours(ours.upper())
    assert not is_ours(ours.replace("back.", "else."))


def test_so_many_mails_come_at_once_and_then_so_many_a_second() -> None:
    room = Room(0.0)
    assert sum(room.take(0.0) for _ in range(1000)) == MAILS_AT_ONCE
    assert not room.take(0.0)
    assert sum(room.take(1.0) for _ in range(1000)) == MAILS_PER_S
    assert sum(room.take(10_000.0) for _ in range(1000)) == MAILS_AT_ONCE


def test_without_a_domain_the_program_says_so_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "noroshi", "receive"],
        env=os.environ | {"DATABASE_URL": url_of(PIPELINE), "NOROSHI_RETURN_DOMAIN": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("noroshi: NOROSHI_RETURN_DOMAIN is not set")
    assert len(done.stderr.splitlines()) == 1


def test_a_domain_that_is_none_ends_every_program_with_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "noroshi", "receive"],
        env=os.environ | {"NOROSHI_RETURN_DOMAIN": "no domain"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert "NOROSHI_RETURN_DOMAIN='no domain' is no domain" in done.stderr
