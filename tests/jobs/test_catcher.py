"""The demo's mail server: what is sent to it can be read again, and old mails make room."""

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from noroshi.jobs import catcher
from noroshi.jobs.catcher import Folder
from noroshi.jobs.caught import list_mails, read_mail
from noroshi.outbox.mime import Mail, to_bytes
from noroshi.outbox.send import Relay, server_of

NOW = datetime(2026, 11, 22, 1, 15, 3, 250000, tzinfo=UTC)


def mail(number: int) -> bytes:
    return to_bytes(
        Mail(
            sender_name="Noroshi",
            sender="noroshi@example.jp",
            address="aki@example.jp",
            subject=f"【復帰】冷蔵庫A {number}",
            body="正常な範囲に戻りました。\n.\n終わり\n",
            message_id=f"m{number}@example.jp",
            thread_id="m0@example.jp",
            language="ja",
            written_at=NOW,
        )
    )


def start(tmp_path: Path, port: int) -> "subprocess.Popen[bytes]":
    env = os.environ | {
        "NOROSHI_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "NOROSHI_VAR": str(tmp_path),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "noroshi", "catcher"], env=env, stderr=subprocess.PIPE
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_mail_sent_to_the_catcher_can_be_read_word_for_word(tmp_path: Path) -> None:
    port = free_port()
    running = start(tmp_path, port)
    try:
        with Relay(server_of(f"smtp://127.0.0.1:{port}")) as relay:
            end = time.monotonic() + 10
            answer = relay.send("noroshi@example.jp", "aki@example.jp", mail(1))
            while answer.outcome == "unreachable" and time.monotonic() < end:
                time.sleep(0.05)
                answer = relay.send("noroshi@example.jp", "aki@example.jp", mail(1))
        assert answer.outcome == "sent"
    finally:
        running.send_signal(signal.SIGTERM)
        _, words = running.communicate(timeout=5)
    assert running.returncode == 0, words.decode()
    (found,) = list_mails(tmp_path / "mails", 10)
    assert (found.to, found.subject) == ("aki@example.jp", "【復帰】冷蔵庫A 1")
    assert (found.message_id, found.in_reply_to) == ("m1@example.jp", "m0@example.jp")
    text = read_mail(tmp_path / "mails", found.id)
    assert text is not None
    assert text.body.replace("\r\n", "\n") == "正常な範囲に戻りました。\n.\n終わり\n"
    assert text.sender == "Noroshi <noroshi@example.jp>"


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = start(tmp_path, port)
        _, words = running.communicate(timeout=10)
    assert running.returncode == 1
    assert (
        words.decode()
        .strip()
        .splitlines()[-1]
        .startswith(f"noroshi: no mail server at 127.0.0.1:{port}: ")
    )
    assert b"Traceback" not in words


def test_the_oldest_mails_make_room_also_after_a_restart(
    tmp_path: Path, monkeypatch: "object"
) -> None:
    monkeypatch.setattr(catcher, "MAILS_MAX", 3)
    folder = Folder(tmp_path)
    for number in range(2):
        folder.keep(mail(number), now=NOW + timedelta(seconds=number))
    (tmp_path / "x.half").write_bytes(b"cut off by a crash")
    folder = Folder(tmp_path)
    for number in range(2, 5):
        folder.keep(mail(number), now=NOW + timedelta(seconds=number))
    found = list_mails(tmp_path, 10)
    assert [one.message_id for one in found] == [f"m{n}@example.jp" for n in (4, 3, 2)]
    assert found[0].received_at == NOW + timedelta(seconds=4)
    assert not list(tmp_path.glob("*.half"))
    assert list_mails(tmp_path, 1) == found[:1]


def test_only_a_mail_can_be_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "mails")
    path = folder.keep(b"no mail at all", now=NOW)
    (tmp_path / "secret.eml").write_bytes(b"Subject: s\r\n\r\nx")
    assert read_mail(tmp_path / "mails", "../secret") is None
    assert read_mail(tmp_path / "mails", "20261122011503250000-999999") is None
    assert read_mail(tmp_path / "mails", path.stem) is not None
    assert len(list_mails(tmp_path / "mails", 5)) == 1
    assert list_mails(tmp_path / "nowhere", 5) == []
