"""A page while the database is away: says so, says when to come back, asks nobody."""

import logging
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.test import Client, override_settings

from noroshi.base.logs import Line
from noroshi.config.settings import MIDDLEWARE
from noroshi.ui.outage import OneLine, is_outage
from tests.committed import transactional_db

__all__ = ["transactional_db"]


@pytest.fixture
def away(transactional_db: None) -> Iterator[None]:
    """Meanwhile there is no database where the settings say; no helper of the tests asks it."""
    place = connection.settings_dict
    host = place["HOST"]
    connection.close()
    place["HOST"] = "/nowhere"
    try:
        with override_settings(MIDDLEWARE=MIDDLEWARE):
            yield
    finally:
        place["HOST"] = host
        connection.close()


def a_browser(language: str) -> Client:
    """A browser of somebody whose session stands in the database."""
    client = Client(raise_request_exception=False, headers={"accept-language": language})
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    return client


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", "届いた計測値は失われません"), ("en", 'lang="en"')],
)
@pytest.mark.parametrize("path", ["/", "/office/", "/sign-in/"])
def test_a_page_says_so_plainly_in_the_reader_s_language(
    away: None, path: str, language: str, words: str
) -> None:
    told = a_browser(language).get(path)
    assert (told.status_code, told["Retry-After"]) == (503, "10")
    assert words in told.content.decode()
    assert "no-store" in told["Cache-Control"]
    assert "default-src 'self'" in told["Content-Security-Policy"]
    assert told["Content-Type"] == "text/html; charset=utf-8"


def test_what_needs_no_database_goes_on(away: None) -> None:
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/").status_code == 302, "who is nobody is led to the door"


def test_a_fault_of_ours_stays_a_500(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_request: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("noroshi.account.gate.Gate.__call__", lambda _self, request: fail(request))
    told = a_browser("ja").get("/")
    assert told.status_code == 500
    assert "Retry-After" not in told


def test_an_outage_is_told_in_one_line_and_a_fault_with_all_it_says() -> None:
    cases = {OperationalError("gone\nand more"): 1, InterfaceError("closed"): 1, KeyError("x"): 4}
    for error, lines in cases.items():
        try:
            raise error
        except (OperationalError, InterfaceError, KeyError):
            record = logging.getLogger("django.request").makeRecord(
                "django.request", logging.ERROR, "", 0, "%s: %s", ("Failed", "/a"), None
            )
            record.exc_info = (type(error), error, error.__traceback__)
        assert OneLine().filter(record)
        told = Line().format(record)
        assert (told.count("\n") == 0) == (lines == 1), told
        assert "Failed: /a" in told


def test_a_question_that_is_too_much_at_any_time_is_no_outage() -> None:
    too_deep, slow = OperationalError("too complex"), OperationalError("slow")
    too_deep.__cause__, slow.__cause__ = Sql("54001"), Sql("57014")
    assert not is_outage(too_deep)
    assert is_outage(slow)
    assert not is_outage(None)


class Sql(Exception):
    """An error of the driver."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.sqlstate = state
