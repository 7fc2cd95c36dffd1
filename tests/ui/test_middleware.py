"""The headers of every response, and the two addresses that belong to no door."""

import base64
import hashlib
import json
import logging
import re

import pytest
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory

from noroshi.ui import views
from noroshi.ui.context import house
from noroshi.ui.middleware import security_headers


@pytest.fixture(autouse=True)
def own_settings(settings):
    settings.LIVE_URL = ""
    settings.LIVE_PORT = 8002
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture(autouse=True)
def quiet_minute():
    views.told_at.clear()


def answered(response=None, **extra):
    request = RequestFactory().get("/", **extra)
    return security_headers(lambda _request: response or HttpResponse("page"))(request)


def answered_with_session(settings, response=None):
    request = RequestFactory().get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = "s"
    return security_headers(lambda _request: response or HttpResponse("page"))(request)


def test_the_import_map_is_the_only_inline_script_that_may_run():
    page = Template("{% load ui %}{% importmap %}").render(Context())
    script = re.search(r">(.*)</script>", page)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answered()["Content-Security-Policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("url", "port", "host", "source"),
    [
        ("", 8002, "farm.example:8000", "connect-src 'self' http://farm.example:8002;"),
        ("", 8002, "[::1]:8000", "connect-src 'self' http://[::1]:8002;"),
        ("https://live.example/x", 8002, "a", "connect-src 'self' https://live.example;"),
        ("/live", 0, "a", "connect-src 'self';"),
    ],
)
def test_live_news_may_come_from_their_own_origin(settings, url, port, host, source):
    settings.LIVE_URL, settings.LIVE_PORT = url, port
    assert source in answered(HTTP_HOST=host)["Content-Security-Policy"]


def test_a_page_listens_where_the_policy_lets_it(settings):
    request = RequestFactory().get("/", HTTP_HOST="farm.example:8000")
    assert house(request) == {
        "live_url": "http://farm.example:8002/live",
        "visit_here": None,
    }
    settings.LIVE_PORT = 0
    assert house(request)["live_url"] == "/live"


def test_every_answer_is_closed_to_strangers():
    response = answered()
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in response["Permissions-Policy"]


def test_a_page_of_somebody_signed_in_is_kept_nowhere(settings):
    assert answered_with_session(settings)["Cache-Control"] == "no-store"
    assert "Cache-Control" not in answered()


def test_a_file_that_may_be_kept_stays_so(settings):
    asset = HttpResponse("css", headers={"Cache-Control": "max-age=9"})
    assert answered_with_session(settings, asset)["Cache-Control"] == "max-age=9"


def report(body):
    return views.csp_report(
        RequestFactory().post("/csp-report", body, content_type="application/csp-report")
    )


def test_a_refusal_of_a_browser_becomes_one_line(caplog):
    body = json.dumps({"csp-report": {"blocked-uri": "inline\nX", "line-number": 7}})
    with caplog.at_level(logging.WARNING, "noroshi.ui"):
        assert report(body).status_code == 204
    assert len(caplog.messages) == 1
    assert "blocked-uri='inline\\nX'" in caplog.messages[0]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"csp-report": 5}', b"\xff\xfe", b"[" * 8000])
def test_an_unreadable_report_is_told_as_such(caplog, body):
    assert report(body).status_code == 204
    assert caplog.messages == ["A browser refused content: unreadable report"]


def test_an_endless_report_is_not_read(caplog):
    assert report(b"x" * 100_000).status_code == 204
    assert caplog.messages == []


def test_a_broken_browser_cannot_fill_the_log(caplog):
    for _ in range(100):
        report(b"{}")
    assert len(caplog.messages) == views.REPORTS_PER_MINUTE_MAX


def test_the_next_minute_has_room_again():
    assert all(views.may_tell(10.0) for _ in range(views.REPORTS_PER_MINUTE_MAX))
    assert not views.may_tell(69.9)
    assert views.may_tell(70.1)


def test_the_sign_of_life_is_never_kept():
    response = views.healthz(RequestFactory().get("/healthz"))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
