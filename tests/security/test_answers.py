"""The headers on answers that no page makes: errors of every kind, files, reports."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from noroshi.config import urls
from noroshi.tenants.hashers import TooBusy
from noroshi.ui.middleware import security_headers
from tests.house.matrix import FORWARDED, OWN, browser_of, read, variants
from tests.house.matrix_table import LINES, ROLES
from tests.house.matrix_world import World
from tests.security.headers import lacks

SECRET = "sk-canary-in-an-exception"


def broken(_request: HttpRequest) -> HttpResponse:
    """A page with a fault of ours."""
    raise RuntimeError(f"SELECT {SECRET} FROM tenants_user")


def busy(_request: HttpRequest) -> HttpResponse:
    """A page that hashes a password when too many do."""
    raise TooBusy


urlpatterns = [path("broken/", broken), path("busy/", busy), *urls.urlpatterns]


def browser(world: World, role: str = "authority") -> Client:
    """The role's browser; a fault of ours is an answer."""
    return browser_of(world, ROLES[role])


ERRORS: dict[int, Callable[[Client], HttpResponse]] = {
    400: lambda client: client.get("/", secure=True, HTTP_HOST="evil.example"),
    403: lambda client: client.get("/users/freeze/", **FORWARDED),
    404: lambda client: client.get("/d/nowhere/", **FORWARDED),
    405: lambda client: client.get("/sign-out/", **FORWARDED),
    500: lambda client: client.get("/broken/", **FORWARDED),
    503: lambda client: client.get("/busy/", **FORWARDED),
}


@pytest.mark.django_db
@pytest.mark.parametrize("status", ERRORS)
def test_an_error_carries_every_header_and_tells_nothing(status: int, world: World) -> None:
    with override_settings(ROOT_URLCONF=__name__):
        answer = ERRORS[status](browser(world, "viewer"))
    assert answer.status_code == status
    assert list(lacks(answer, is_private=True)) == []
    body = read(answer)
    for word in (SECRET, "Traceback", "RuntimeError", "/src/noroshi", "psycopg", "Django"):
        assert word not in body


@pytest.mark.django_db
def test_a_refused_form_carries_every_header(world: World) -> None:
    client = browser(world)
    client.handler.enforce_csrf_checks = True
    answer = client.post("/rules/new/", {}, **FORWARDED)
    assert answer.status_code == 403
    assert list(lacks(answer, is_private=True)) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("export-file", "text/csv; charset="),
        ("sign-ins-file", "text/csv; charset="),
        ("act-copy", "application/pdf"),
        ("device-chart", "application/json"),
    ],
)
def test_a_file_is_handed_out_as_what_it_is_and_kept_nowhere(
    name: str, kind: str, world: World
) -> None:
    address = dict(variants(world, ROLES["authority"], LINES[name]))[OWN]
    answer = browser(world).get(address, **FORWARDED)
    assert answer.status_code == 200
    assert read(answer)
    assert answer["Content-Type"].startswith(kind)
    assert list(lacks(answer, is_private=True)) == []
    if kind != "application/json":
        assert answer["Content-Disposition"].startswith(
            ("attachment; filename", "inline; filename")
        )


@pytest.mark.django_db
def test_a_paper_of_somebody_else_s_making_cannot_act_as_a_page(world: World) -> None:
    role = ROLES["staff-admin"]
    address = dict(variants(world, role, LINES["office-paper"]))[OWN]
    answer = browser(world, "staff-admin").get(address, **FORWARDED)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert list(lacks(answer, is_private=True)) == []


def test_a_static_file_carries_the_headers_but_may_be_kept() -> None:
    found = finders.find("ui/house.css")
    assert found
    response = HttpResponse(b"x", content_type="text/css; charset=utf-8")
    carried = security_headers(lambda _request: response)(RequestFactory().get("/static/x.css"))
    assert carried["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in carried
    assert "no-store" not in carried.headers.get("Cache-Control", "")


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["/static/", "/static/ui/", "/", "/.git/config", "/static/../x"])
def test_no_folder_is_listed_and_nothing_but_static_files_is_served(
    place: str, client: Client
) -> None:
    answer = client.get(place)
    assert answer.status_code in {302, 404}
    assert "Index of" not in read(answer)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["settings.py", "environment", ".env", "noroshi.py", "x.pyc"])
def test_no_source_and_no_settings_are_served(name: str, client: Client) -> None:
    for folder in ("/static/", "/static/ui/", "/", "/static/../"):
        assert client.get(folder + name).status_code in {302, 404}


@pytest.mark.django_db
def test_a_sign_in_too_often_refused_carries_every_header_and_when_to_come_back(
    world: World,
) -> None:
    client = Client(raise_request_exception=False)
    for _ in range(130):
        answer = client.post("/sign-in/", {"username": "x", "password": "y"}, **FORWARDED)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert list(lacks(answer, is_private=False)) == []


@pytest.mark.django_db
def test_a_report_of_a_browser_is_answered_with_the_headers(client: Client) -> None:
    with override_settings(SECURE_HSTS_SECONDS=0):
        answer = client.generic("POST", "/csp-report", BytesIO(b"{}").read(), **FORWARDED)
    assert answer.status_code == 204
    wrong = [one for one in lacks(answer, is_private=False) if not one.startswith("Strict")]
    assert wrong == []
