"""A server that lets us say all before it answers: the same outcomes as word by word."""

import socket
from collections.abc import Callable

import pytest

from noroshi.outbox.send import Relay, server_of

MAIL = b"Subject: x\r\n\r\n.dot\r\n"


def at_once(answers: dict[str, str], heard: list[str]) -> Callable[[socket.socket], None]:
    """Answers each command by its first word; takes a text after a 354."""

    def talk(line: socket.socket) -> None:
        line.sendall(b"220 here\r\n")
        reader = line.makefile("rb")
        for command in reader:
            word = command.decode().split()[0].upper()
            heard.append(word)
            answer = answers.get(word, "250 OK")
            line.sendall(f"{answer}\r\n".encode())
            if word == "DATA" and answer.startswith("354"):
                text = b""
                while not (text == b".\r\n" or text.endswith(b"\r\n.\r\n")):
                    text += reader.readline()
                heard.append(text.decode())
                line.sendall(f"{answers.get('TEXT', '250 taken')}\r\n".encode())
            if word == "QUIT":
                return

    return talk


HELLO = {"EHLO": "250-here\r\n250 PIPELINING", "DATA": "354 go on"}


@pytest.mark.parametrize(
    ("answers", "outcome", "code"),
    [
        ({}, "sent", 250),
        ({"TEXT": "452 full"}, "deferred", 452),
        ({"TEXT": "554 5.7.1 spam"}, "refused", 554),
        ({"RCPT": "550 5.1.1 unknown"}, "refused", 550),
        ({"RCPT": "550 5.1.1 unknown", "DATA": "554 no recipient"}, "refused", 550),
        ({"RCPT": "451 later", "DATA": "503 no recipient"}, "deferred", 451),
        ({"MAIL": "550 not you", "RCPT": "503 first MAIL", "DATA": "503"}, "deferred", 550),
        ({"DATA": "451 later"}, "deferred", 451),
        ({"DATA": "421 bye"}, "deferred", 421),
    ],
)
def test_each_answer_means_what_it_means_word_by_word(
    raw_server: Callable[..., str], answers: dict[str, str], outcome: str, code: int
) -> None:
    heard: list[str] = []
    with Relay(server_of(raw_server(at_once(HELLO | answers, heard)))) as relay:
        answer = relay.send("noroshi@example.jp", "taro@example.jp", MAIL)
    assert (answer.outcome, answer.code) == (outcome, code)
    is_taken = "Subject: x\r\n\r\n..dot\r\n.\r\n" in heard
    assert is_taken == (outcome == "sent" or "TEXT" in answers)


def test_many_mails_go_over_one_line_and_a_refused_one_harms_none(
    raw_server: Callable[..., str],
) -> None:
    heard: list[str] = []
    answers = HELLO | {"RCPT": "250 OK"}
    with Relay(server_of(raw_server(at_once(answers, heard)))) as relay:
        outcomes = []
        for said in ("250 OK", "550 5.1.1 unknown", "250 OK"):
            answers["RCPT"] = said
            outcomes.append(relay.send("n@example.jp", "t@example.jp", MAIL).outcome)
    assert outcomes == ["sent", "refused", "sent"]
    assert heard.count("EHLO") == 1
