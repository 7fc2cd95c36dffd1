"""Every address that takes a form from somebody unknown says when it is enough."""

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from tests.house.matrix import FORWARDED
from tests.house.matrix_table import LINES

TRIES = 150
# Open to strangers, and why no form of theirs is counted.
UNCOUNTED = {
    "csp-report": "writes at most 30 lines a minute (tests/ui/test_middleware.py), stores nothing",
    "set_language": "sets a cookie in the browser that asks; nothing is read or kept",
    "sign-out": "ends the session that asks",
    "mfa_authenticate": "leads away unless a password was right; then account/codes.py counts",
    "account_login": "another name of sign-in",
}
OPEN = sorted(
    name
    for name, line in LINES.items()
    if "anonymous" in (line.post or ()) and name not in UNCOUNTED
)


def address_of(name: str) -> str:
    """The address of this name with something in each place."""
    pairs = LINES[name].kinds().items()
    return reverse(name, kwargs={key: kind.removeprefix("!") for key, kind in pairs})


def test_the_reasons_for_not_counting_are_about_addresses_that_are_open() -> None:
    open_to_strangers = {name for name, line in LINES.items() if "anonymous" in (line.post or ())}
    assert set(UNCOUNTED) <= open_to_strangers
    assert OPEN


@pytest.mark.django_db
@pytest.mark.parametrize("name", OPEN)
def test_a_machine_that_sends_a_form_again_and_again_is_told_to_wait(name: str) -> None:
    client, statuses = Client(REMOTE_ADDR="203.0.113.9"), []
    for number in range(TRIES):
        form = {"username": f"user{number}", "password": "x", "new_password1": "x"}
        answer = client.post(address_of(name), form, **FORWARDED)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            break
    assert statuses[0] != 429
    assert statuses[-1] == 429
    assert 0 < int(answer["Retry-After"]) <= 3600
    other = Client(REMOTE_ADDR="198.51.100.9").post(address_of(name), form, **FORWARDED)
    assert other.status_code != 429  # somebody else is not shut out


@pytest.mark.django_db
def test_looking_at_a_form_is_not_counted() -> None:
    client = Client()
    assert {client.get("/sign-in/", **FORWARDED).status_code for _ in range(TRIES)} == {200}


@pytest.mark.django_db
def test_a_body_too_large_is_refused_before_it_is_read() -> None:
    client = Client(raise_request_exception=False)
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1_000_000):
        answer = client.post("/sign-in/", {"username": "x" * 1_100_000}, **FORWARDED)
    assert answer.status_code in {400, 413}


@pytest.mark.django_db
def test_a_form_of_a_hundred_thousand_fields_is_refused() -> None:
    body = "&".join(f"f{number}=1" for number in range(2_000))
    answer = Client(raise_request_exception=False).generic(
        "POST", "/sign-in/", body.encode(), "application/x-www-form-urlencoded", **FORWARDED
    )
    assert answer.status_code == 400
