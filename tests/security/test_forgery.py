"""No other site makes somebody's browser change anything here: every address, every method."""

import pytest
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory

from tests.house.matrix import FORWARDED, OWN, browser_of, variants
from tests.house.matrix_table import LINES, ROLES
from tests.house.matrix_world import World

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
# A browser's report of what the policy stopped carries no token, and changes nothing.
WITHOUT_TOKEN = {"csp-report"}
STRANGE = {"HTTP_ORIGIN": "https://evil.example", "HTTP_REFERER": "https://evil.example/x"}


def guarded(world: World, name: str) -> Client:
    """A signed-in browser in front of a house that looks at tokens."""
    client = browser_of(world, ROLES[name])
    client.handler.enforce_csrf_checks = True
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["anonymous", "authority", "staff-admin"])
def test_nothing_is_taken_without_the_token(name: str, world: World) -> None:
    client, let_in = guarded(world, name), []
    for line in LINES.values():
        address = dict(variants(world, ROLES[name], line))[OWN]
        for method in UNSAFE:
            answer = client.generic(method, address, b"x=1", **FORWARDED)
            if answer.status_code != 403 and line.name not in WITHOUT_TOKEN:
                let_in.append(f"{method} {line.name}: {answer.status_code}")
    assert let_in == []


@pytest.mark.django_db
def test_a_token_is_worth_nothing_from_another_site(world: World) -> None:
    client = guarded(world, "authority")
    request = RequestFactory().get("/")
    token = get_token(request)
    client.cookies["noroshi_csrf"] = request.META["CSRF_COOKIE"]
    address = dict(variants(world, ROLES["authority"], LINES["rule-remove"]))[OWN]
    form = {"csrfmiddlewaretoken": token}
    assert client.post(address, form, secure=True, **STRANGE).status_code == 403
    home = {"HTTP_ORIGIN": "https://testserver", "HTTP_HOST": "testserver"}
    assert client.post(address, form, secure=True, **home).status_code == 302


@pytest.mark.django_db
def test_methods_that_no_page_has_are_refused_everywhere(world: World) -> None:
    client = browser_of(world, ROLES["authority"])
    answered = []
    for line in LINES.values():
        address = dict(variants(world, ROLES["authority"], line))[OWN]
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
            answer = client.generic(method, address, b"", **FORWARDED)
            if answer.status_code not in {302, 403, 404, 405, 410}:
                answered.append(f"{method} {line.name}: {answer.status_code}")
    assert answered == []
