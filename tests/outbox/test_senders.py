"""Several senders, and one that is killed: real commits, real processes."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from threading import Thread

from django.conf import settings
from django.db import connection
from django.utils import timezone

from noroshi.base.listen import Ear
from noroshi.base.roles import PIPELINE
from noroshi.outbox.actions import CHANNEL, post_all
from noroshi.outbox.due import Sender
from noroshi.outbox.models import Message
from tests.acting import become
from tests.database import url_of
from tests.outbox.conftest import MailServer, new

COUNT = 60


def until(what: "object", *, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def test_two_senders_at_once_send_each_message_once(
    transactional_db: None, server: MailServer
) -> None:
    post_all([new(number) for number in range(COUNT)], now=timezone.now())

    def work() -> None:
        sender = Sender()
        while sender.send_due(timezone.now()):
            pass
        connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(to for to, _ in server.mails) == sorted(
        f"r{number}@example.jp" for number in range(COUNT)
    )


def program(server: MailServer) -> "subprocess.Popen[bytes]":
    """The real program `noroshi send` on the tests' database."""
    return subprocess.Popen(
        [sys.executable, "-m", "noroshi", "send"],
        env=os.environ
        | {
            "DATABASE_URL": url_of(PIPELINE),
            "NOROSHI_SMTP_URL": server.url,
            "NOROSHI_SECRET_KEY": settings.SECRET_KEY,
            "NOROSHI_MAIL_FROM": settings.MAIL_FROM,
            "DJANGO_SETTINGS_MODULE": "noroshi.config.settings",
        },
        stderr=subprocess.DEVNULL,
    )


def test_a_sender_killed_between_acceptance_and_commit_sends_the_same_mail_again(
    transactional_db: None, server: MailServer
) -> None:
    post_all([new(1)], now=timezone.now())
    with connection.cursor() as cursor:
        # The ledger's line cannot be written, so the sender hangs with the server's 250 in hand.
        connection.set_autocommit(False)
        cursor.execute("LOCK TABLE outbox_delivery IN EXCLUSIVE MODE")
        first = program(server)
        try:
            until(lambda: server.mails)
        finally:
            first.kill()
            first.wait()
            connection.rollback()
            connection.set_autocommit(True)
    assert Message.objects.get().state == "waiting"
    second = program(server)
    try:
        until(lambda: Message.objects.get().state == "sent")
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(5) == 0
    assert len(server.mails) == 2
    assert server.mails[0] == server.mails[1]


def test_the_program_is_woken_by_a_new_message(transactional_db: None, server: MailServer) -> None:
    running = program(server)
    try:
        post_all([new(1)], now=timezone.now())
        until(lambda: len(server.mails) == 1)
        time.sleep(0.2)  # it has gone to sleep again
        began = time.monotonic()
        post_all([new(2)], now=timezone.now())
        until(lambda: len(server.mails) == 2)
        assert time.monotonic() - began < 1.5  # less than its pause of 2 s
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0


def test_a_recipient_whose_server_hangs_does_not_hold_up_the_others(
    transactional_db: None, server: MailServer
) -> None:
    server.hang = {"r0@example.jp"}
    post_all([new(0)], now=timezone.now() - timedelta(seconds=1))
    post_all([new(number) for number in range(1, 9)], now=timezone.now())
    running = program(server)
    try:
        until(lambda: len(server.mails) == 8)
        assert server.tries.count("r0@example.jp") == 1
    finally:
        running.kill()
        running.wait()


def test_an_ear_hears_what_is_posted_and_survives_a_lost_connection(
    transactional_db: None,
) -> None:
    ear = Ear(CHANNEL)
    assert ear.wait(5)  # the first time there may be something that it did not hear
    assert not ear.wait(0.05)
    post_all([new(1)], now=timezone.now())
    assert ear.wait(5)
    assert not ear.wait(0.05)
    become("NONE")  # the ear signed in as the tests do, and only the same role may end it
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
        )
    become(PIPELINE)
    assert not ear.wait(0.05)  # the line is gone
    assert ear.wait(5)  # a new one
    post_all([new(2)], now=timezone.now())
    assert ear.wait(5)
    ear.close()
