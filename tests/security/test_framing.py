"""Where one request ends and the next begins, as the pages' server sees it: never two ways."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SERVE = """
from granian import Granian
from granian.constants import Interfaces
Granian("tests.security.echo:application", address="127.0.0.1", port={port},
  interface=Interfaces.WSGI, workers=1, blocking_threads=1, websockets=False).serve()
"""
CHUNKED = b"3\r\nabc\r\n0\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The server of `noroshi web` before an application that tells what it got."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        chosen = int(one.getsockname()[1])
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    program = subprocess.Popen(
        [sys.executable, "-c", SERVE.format(port=chosen)], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(chosen)
        yield chosen
    finally:
        program.terminate()
        program.wait(20)


def wait_for(port: int) -> None:
    """Until the server answers, half a minute at most."""
    for _ in range(150):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise AssertionError("the server did not start")


def told(port: int, sent: bytes) -> bytes:
    """Everything answered to these bytes until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(sent)
        line.settimeout(2)
        found = b""
        with contextlib.suppress(OSError):
            while piece := line.recv(65536):
                found += piece
        return found


def head(*lines: str, path: str = "/first") -> bytes:
    """The head of a POST."""
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode("latin-1")


def test_requests_sent_in_one_go_are_two(port: int) -> None:
    answer = told(port, head("Content-Length: 3") + b"abc" + NEXT)
    assert b"[POST /first|abc]" in answer
    assert b"[GET /next|]" in answer


def test_a_length_beside_chunks_counts_for_nothing(port: int) -> None:
    """Either refused, or framed by the chunks alone: what follows is the next request."""
    mixed = head("Content-Length: 6", "Transfer-Encoding: chunked")
    answer = told(port, mixed + CHUNKED + NEXT)
    if b" 400 " not in answer.split(b"\r\n")[0]:
        assert b"[POST /first|abc]" in answer
        assert answer.count(b"[") in {1, 2}
    smuggled = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\nX: y"
    with_it = head(f"Content-Length: {len(smuggled)}", "Transfer-Encoding: chunked")
    # By the chunks the body is empty; by the length the second request would be its body.
    assert b"|0\r\n" not in told(port, with_it + smuggled + b"\r\n\r\n")


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 3", "Content-Length: 4"),
        ("Content-Length: 3, 4",),
        ("Content-Length: +3",),
        ("Content-Length: -3",),
        ("Content-Length: 0x3",),
        ("Content-Length : 3",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: xchunked",),
        ("Bad\x00Name: x", "Content-Length: 3"),
        ("Good: a\x00b", "Content-Length: 3"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(lines: tuple[str, ...], port: int) -> None:
    answer = told(port, head(*lines) + b"abc" + NEXT)
    assert b"[POST" not in answer
    assert b"/next" not in answer


def test_a_chunk_of_a_false_length_ends_the_conversation(port: int) -> None:
    start = head("Transfer-Encoding: chunked")
    for chunk in (b"zz\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"-1\r\n\r\n"):
        assert b"/next" not in told(port, start + chunk + NEXT)


def test_the_length_of_an_answer_is_that_of_its_body(port: int) -> None:
    raw = told(port, NEXT)
    top, _, body = raw.partition(b"\r\n\r\n")
    lengths = [line for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    assert lengths == [b"content-length: %d" % len(body)]
    assert b"transfer-encoding" not in top.lower()
    named = [line for line in top.lower().split(b"\r\n") if line.startswith(b"server:")]
    assert not any(byte in b"0123456789" for line in named for byte in line)  # no version
