"""What is logged: one line a record, in UTC, whatever somebody typed; and who refused whom."""

import io
import logging
import re

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from noroshi.base.logs import Line

START = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
FORGED = "x\r\n2026-01-01T00:00:00.000Z INFO noroshi forged \x1b[31m red \u2028 next"


def written(message: str, *args: object, raised: BaseException | None = None) -> str:
    """A record as the house writes it."""
    record = logging.LogRecord("noroshi", logging.WARNING, "f", 1, message, args, None)
    if raised is not None:
        record.exc_info = (type(raised), raised, raised.__traceback__)
    return Line().format(record)


@given(st.text())
def test_whatever_is_typed_becomes_one_line(text: str) -> None:
    line = written("tried %s", text)
    assert len(line.splitlines()) == 1
    assert START.match(line)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)


@given(st.text())
def test_what_stands_in_an_exception_cannot_look_like_a_record(text: str) -> None:
    lines = written("failed", raised=ValueError(text)).split("\n")
    assert START.match(lines[0])
    assert all(line.startswith("    | ") for line in lines[1:])


def test_the_house_logs_with_this_format() -> None:
    assert settings.LOGGING["formatters"]["line"] == {"()": "noroshi.base.logs.Line"}
    assert all(one["formatter"] == "line" for one in settings.LOGGING["handlers"].values())


def test_times_in_the_log_are_told_in_utc() -> None:
    record = logging.LogRecord("noroshi", logging.INFO, "f", 1, "x", (), None)
    record.created = 1_780_000_000.5
    assert Line().format(record).startswith("2026-05-28T20:26:40.500Z INFO noroshi x")


@pytest.fixture
def log() -> "io.StringIO":
    """Everything that is logged meanwhile, as the house writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_line_ends_in_every_part_of_a_request_forge_no_record(
    log: io.StringIO, client: Client
) -> None:
    browser = {"User-Agent": FORGED, "Referer": FORGED, "X-Forwarded-For": FORGED}
    client.get("/" + "nowhere%0d%0aforged%1b[31m", headers=browser)
    client.get("/sign-in/", {"next": FORGED}, headers=browser)
    client.post("/sign-in/", {"username": FORGED, "password": FORGED, "login": FORGED})
    client.post("/csp-report", FORGED.encode(), content_type="application/csp-report")
    client.generic("POST", "/healthz", headers=browser)
    lines = log.getvalue().splitlines()
    assert lines
    assert all(START.match(line) or line.startswith("    | ") for line in lines)
    assert "\x1b" not in log.getvalue()
    assert not any(line.startswith("2026-01-01T00:00:00.000Z") for line in lines)


@pytest.mark.django_db
def test_who_is_refused_stands_in_the_log(log: io.StringIO, client: Client) -> None:
    assert Client(enforce_csrf_checks=True).post("/sign-in/").status_code == 403
    assert client.get("/nowhere/").status_code in {302, 404}
    assert "Forbidden" in log.getvalue()
