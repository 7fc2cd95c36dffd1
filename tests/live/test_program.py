"""The program `noroshi live` under its real server."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest

from noroshi.base.roles import APP
from noroshi.config.live import CONNECTIONS_MAX
from noroshi.live.app import FOLLOWERS_MAX
from tests.database import url_of
from tests.gate.conftest import database_url
from tests.live.conftest import cookie_of, person, tenant

START_S_MAX = 20.0


@pytest.fixture
def port(transactional_db: None) -> Iterator[int]:
    """The port of a running program; it must end when asked to, also with a page open."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    settings = {
        "DATABASE_URL": url_of(APP),
        "DJANGO_SETTINGS_MODULE": "noroshi.config.settings",
        "NOROSHI_LIVE_PORT": str(free),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "noroshi", "live"],
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_up(free)
        yield free
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


def wait_until_up(port: int) -> None:
    """Wait for an answer."""
    until = time.monotonic() + START_S_MAX
    while True:
        try:
            with getting(port, "/healthz") as healthy:
                assert healthy.status == 200
        except ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


@contextmanager
def getting(port: int, target: str, **headers: str) -> Iterator[http.client.HTTPResponse]:
    """A request whose connection is closed at the end."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        client.request("GET", target, headers=headers)
        with client.getresponse() as response:
            yield response


def test_a_browser_hears_of_a_change_and_may_leave(port: int) -> None:
    ours = tenant("Aki")
    cookie = cookie_of(person("aki", ours))
    address = f"/live?tenant={ours.code}"
    with getting(port, address) as refused:
        assert refused.status == 204
    with psycopg.connect(database_url(), autocommit=True) as spine:
        for code in ("tank", "door"):
            told = json.dumps({"tenant": ours.pk, "devices": [code], "kinds": ["reading"]})
            with getting(port, address, Cookie=cookie) as stream:
                assert stream.status == 200
                assert [stream.readline(), stream.readline()] == [b"retry: 2000\n", b"\n"]
                spine.execute("SELECT pg_notify('noroshi_live', %s)", [told])
                # A stream begins with what changed while its page was on its way.
                # It may come together with what came before.
                assert any(code.encode() in line for line in iter(stream.readline, b""))


def test_more_pages_than_a_thousand_are_served(port: int) -> None:
    with ExitStack() as open_pages:
        for _ in range(1100):  # granian's own limit is 1,024; the next would wait for ever
            open_pages.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        with getting(port, "/healthz") as healthy:
            assert healthy.status == 200


def test_who_is_one_page_too_many_is_told_so_instead_of_waiting() -> None:
    assert CONNECTIONS_MAX > FOLLOWERS_MAX + 500
