"""Addresses that nobody was given: a page says so, and never breaks."""

import pytest
from django.test import Client

from noroshi.tenants.models import User
from tests.web.conftest import Cast, aki, cast

__all__ = ["aki", "cast"]

NONSENSE = (
    *("", "x", "-1", "1e99", "nan", "9" * 25, "\0", "9999-12-31", "0001-01-01", "2026-02-30"),
    *("７", "a" * 3000),
)


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("/", ("q", "state", "site", "page")),
        ("/devices/", ("q", "state", "page")),
        ("/incidents/", ("state", "device", "page")),
        ("/rules/new/", ("device", "key")),
        ("/mails/", ("state", "page")),
        ("/export/", ("device", "since", "until", "from", "to", "range")),
        ("/history/", ("page", "before")),
        ("/d/{code}/", ("since", "until", "from", "to", "range")),
        ("/d/{code}/chart.json", ("key", "from", "to", "range")),
        ("/d/{code}/table/", ("before",)),
        ("/d/{code}/uplinks/", ("before",)),
    ],
)
def test_a_question_that_makes_no_sense_is_answered(
    address: str, names: tuple[str, ...], cast: Cast, aki: Client
) -> None:
    whole = {name: "2026-11-01" for name in names if name in {"since", "until"}}
    for name in names:
        for text in NONSENSE:
            answer = aki.get(address.format(code=cast.device.code), whole | {name: text})
            assert answer.status_code in {200, 302, 400, 404}, (name, text)


@pytest.mark.parametrize("nonsense", ["%00", "%ED%A0%80", "x" * 3000])
@pytest.mark.parametrize("place", ["d", "incidents", "rules", "recipients", "as"])
def test_a_name_that_nobody_has_is_not_found(place: str, nonsense: str, aki: Client) -> None:
    assert aki.get(f"/{place}/{nonsense}/").status_code in {404, 405}
    assert aki.post(f"/{place}/{nonsense}/").status_code in {404, 405}


def test_who_is_switched_off_is_out_at_the_next_page(cast: Cast, aki: Client) -> None:
    assert aki.get("/").status_code == 200
    User.objects.update(is_active=False, state="stopped")
    answer = aki.get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")
