"""Sending what is due against a real SMTP server, in good days and bad."""

import socket
import time
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from noroshi.outbox import send
from noroshi.outbox.actions import post_all
from noroshi.outbox.due import TRIES_MAX, Sender
from noroshi.outbox.mime import File
from noroshi.outbox.models import Delivery, Message
from noroshi.outbox.send import BadServerAddress, Server, server_of
from tests.outbox.conftest import NOW, MailServer, new

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def outcomes() -> list[tuple[str, int | None]]:
    return list(Delivery.objects.order_by("pk").values_list("outcome", "code"))


def test_due_messages_are_sent_on_one_line_and_written_in_the_ledger(server: MailServer) -> None:
    post_all([new(1), new(2), new(3)], now=NOW)
    assert Sender().send_due(NOW) == 3
    assert [to for to, _ in server.mails] == ["r1@example.jp", "r2@example.jp", "r3@example.jp"]
    assert server.lines == 1
    message = Message.objects.first()
    assert message is not None
    assert (message.state, message.attempts) == ("sent", 1)
    assert message.last_answer == "250 2.0.0 queued as 7"
    assert outcomes() == [("sent", 250)] * 3
    assert Sender().send_due(NOW) == 0


def test_the_server_receives_the_subject_and_body_as_they_were_posted(server: MailServer) -> None:
    body = "温度が上限を超えました。\n\n.\n..\nFrom here\n" + "長" * 2000
    post_all([new(1, body=body)], now=NOW)
    Sender().send_due(NOW)
    read = message_from_bytes(server.mails[0][1], policy=policy.default)
    assert read["Subject"] == "【上限警報】冷蔵庫A 1"
    assert str(read["From"]) == "のろし <noroshi@example.jp>"
    assert read.get_payload(decode=True).decode().replace("\r\n", "\n") == body


def test_a_file_arrives_beside_the_text(server: MailServer) -> None:
    sent = bytes(range(256)) * 2000
    post_all([new(1, files=[File("【控え】①.pdf", "application/pdf", sent)])], now=NOW)
    Sender().send_due(NOW)
    read = message_from_bytes(server.mails[0][1], policy=policy.default)
    text = read.get_body()
    assert text is not None
    assert text.get_content().strip() == "温度が上限を超えました。"
    [part] = read.iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("【控え】①.pdf", sent)


def test_a_message_that_is_not_due_waits(server: MailServer) -> None:
    post_all([new(1)], now=NOW)
    assert Sender().send_due(NOW - MINUTE) == 0


def test_a_greylisting_server_is_tried_again_later_and_later(server: MailServer) -> None:
    server.at_data = ["451 4.7.1 come again"] * 3
    post_all([new(1)], now=NOW)
    due = []
    now = NOW
    for _ in range(4):
        assert Sender().send_due(now) == 1
        message = Message.objects.get()
        due.append(round((message.due_at - now) / MINUTE))
        now = message.due_at
    assert due[:3] == [1, 2, 4]
    assert outcomes() == [("deferred", 451)] * 3 + [("sent", 250)]
    assert Message.objects.get().state == "sent"


def test_a_server_that_says_later_for_more_than_a_day_is_given_up(server: MailServer) -> None:
    server.at_rcpt["r1@example.jp"] = "450 4.2.1 busy"
    post_all([new(1)], now=NOW)
    now = NOW
    while Message.objects.get().state == "waiting":
        Sender().send_due(now)
        now = max(now, Message.objects.get().due_at)
    assert Message.objects.get().state == "given_up"
    assert now - NOW > timedelta(hours=24)
    assert Delivery.objects.count() == TRIES_MAX


def test_an_unknown_recipient_is_given_up_at_once_and_the_others_go_on(
    server: MailServer,
) -> None:
    server.at_rcpt["r1@example.jp"] = "550 5.1.1 no such user"
    post_all([new(1), new(2)], now=NOW)
    assert Sender().send_due(NOW) == 2
    assert outcomes() == [("refused", 550), ("sent", 250)]
    assert Message.objects.get(address="r1@example.jp").state == "given_up"
    assert server.lines == 1


def test_a_line_lost_after_the_mail_was_handed_over_is_ambiguous_and_sent_again_alike(
    server: MailServer,
) -> None:
    server.at_data = ["drop"]
    post_all([new(1), new(2)], now=NOW)
    assert Sender().send_due(NOW) == 2
    assert outcomes() == [("ambiguous", None), ("sent", 250)]
    Sender().send_due(NOW + 2 * MINUTE)
    assert Message.objects.get(address="r1@example.jp").state == "sent"
    to_first = [mail for to, mail in server.mails if to == "r1@example.jp"]
    assert len(to_first) == 2
    assert to_first[0] == to_first[1]  # to the byte, so with the same Message-ID


def test_while_the_server_is_away_nothing_is_lost_or_counted(server: MailServer) -> None:
    server.stop()
    post_all([new(number) for number in range(5)], now=NOW)
    sender = Sender()
    assert sender.send_due(NOW) == 0
    assert sender.send_due(NOW + timedelta(seconds=1)) == 0  # it rests
    assert outcomes() == [("unreachable", None)]
    assert set(Message.objects.values_list("state", "attempts")) == {("waiting", 0)}
    server.start()
    assert sender.send_due(NOW + MINUTE) == 5
    assert len(server.mails) == 5


def test_a_server_that_closes_the_line_between_two_mails_delays_none(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_all([new(1), new(2)], now=NOW)
    real = send.Relay._try
    seen = []

    def close_behind(relay: send.Relay, *args: Any) -> send.Answer:
        seen.append(args[1])
        if len(seen) == 2:
            relay._line.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        return real(relay, *args)

    monkeypatch.setattr(send.Relay, "_try", close_behind)
    assert Sender().send_due(NOW) == 2
    assert outcomes() == [("sent", 250)] * 2
    assert server.lines == 2


def test_a_server_that_drips_is_left_when_the_time_is_over(
    raw_server: Callable[..., str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(line: socket.socket) -> None:
        line.sendall(b"220 hi\r\n")
        try:
            while True:
                line.sendall(b"2")
                time.sleep(0.05)
        except OSError:
            return

    settings.SMTP_URL = raw_server(drip)
    monkeypatch.setattr(send, "EXCHANGE_S_MAX", 0.5)
    post_all([new(1)], now=NOW)
    began = time.monotonic()
    Sender().send_due(NOW)
    assert time.monotonic() - began < 3
    assert Message.objects.get().state == "waiting"


def test_a_server_that_talks_nonsense_is_a_server_that_is_away(
    raw_server: Callable[..., str], settings: Any
) -> None:
    settings.SMTP_URL = raw_server(lambda line: line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    post_all([new(1)], now=NOW)
    assert Sender().send_due(NOW) == 0
    assert outcomes()[0][0] == "unreachable"


def test_a_server_that_wants_a_user_gets_one(server: MailServer, settings: Any) -> None:
    server.user = "no@roshi"
    settings.SMTP_URL = f"smtp://no%40roshi:p%40ss%20word@127.0.0.1:{server.port}"
    post_all([new(1)], now=NOW)
    assert Sender().send_due(NOW) == 1
    assert outcomes() == [("sent", 250)]


def test_a_wrong_password_is_the_operators_trouble_and_loses_no_mail(
    server: MailServer, settings: Any
) -> None:
    server.user = "noroshi"
    settings.SMTP_URL = f"smtp://noroshi:wrong@127.0.0.1:{server.port}"
    post_all([new(1)], now=NOW)
    assert Sender().send_due(NOW) == 0
    assert outcomes() == [("unreachable", 535)]
    assert Message.objects.get().state == "waiting"


def test_a_sender_that_is_refused_loses_no_mail(server: MailServer) -> None:
    server.at_mail = "550 5.7.1 sender not allowed"
    post_all([new(1)], now=NOW)
    assert Sender().send_due(NOW) == 1
    assert outcomes() == [("deferred", 550)]
    assert Message.objects.get().state == "waiting"


def test_a_server_that_says_goodbye_is_called_again(server: MailServer) -> None:
    server.at_data = ["421 4.3.2 too many mails on this line"]
    post_all([new(1), new(2)], now=NOW)
    assert Sender().send_due(NOW) == 2
    assert outcomes() == [("deferred", 421), ("sent", 250)]
    assert server.lines == 2


@pytest.mark.parametrize("sender", ["", "Noroshi", "のろし <のろし@例.jp>"])
def test_a_sender_that_is_no_address_is_one_clear_line(settings: Any, sender: str) -> None:
    settings.MAIL_FROM = sender
    with pytest.raises(SystemExit, match="NOROSHI_MAIL_FROM"):
        Sender()


def test_an_address_with_two_dots_is_handed_over_as_it_is(server: MailServer) -> None:
    post_all([new(1, address="a..b@docomo.ne.jp")], now=NOW)
    Sender().send_due(NOW)
    assert Delivery.objects.count() == 1
    assert Message.objects.get().state in {"sent", "given_up"}


def test_no_address_or_subject_reaches_the_log(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.at_rcpt["r1@example.jp"] = "550 5.1.1 <r1@example.jp> no such user"
    post_all([new(1)], now=NOW)
    with caplog.at_level("INFO", logger="noroshi"):
        Sender().send_due(NOW)
    own = [record.getMessage() for record in caplog.records if record.name.startswith("noroshi")]
    assert any("given up" in line for line in own)
    assert not any("r1@" in line or "冷蔵庫" in line for line in own)


@pytest.mark.parametrize(
    ("url", "server_is"),
    [
        ("smtp://mail.example.jp", Server("mail.example.jp", 25)),
        ("smtp://u:p%40w@m.jp:587?starttls=1", Server("m.jp", 587, "u", "p@w", is_starttls=True)),
        ("smtps://u:p@m.jp", Server("m.jp", 465, "u", "p", is_tls=True)),
    ],
)
def test_the_address_of_the_server_is_understood(url: str, server_is: Server) -> None:
    assert server_of(url) == server_is


@pytest.mark.parametrize("url", ["", "mail.example.jp", "http://m.jp", "smtp://m.jp:x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadServerAddress):
        server_of(url)
