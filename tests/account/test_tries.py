"""T10, T11: guessing is slow for everybody, and locks nobody out of the own account."""

import re
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessFailureLog
from django.contrib.auth.hashers import MD5PasswordHasher
from django.utils import timezone

from noroshi.account.tries import FAILURES_MAX, STRANGERS_MAX, hidden
from noroshi.tenants.models import SignIn
from tests.account.conftest import Hall, browser, sign_in, signed_in

TRIES = 10


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that was really compared with Aki's."""
    found: list[str] = []
    real = MD5PasswordHasher.verify

    def verify(self: MD5PasswordHasher, password: str, encoded: str) -> bool:
        found.append(password)
        return real(self, password, encoded)

    monkeypatch.setattr(MD5PasswordHasher, "verify", verify)
    return found


def failed_before(login: str, times: int) -> None:
    """Wrong passwords from many addresses, some time ago."""
    rows = [
        AccessFailureLog(username=hidden(login), ip_address=f"192.0.2.{number}", user_agent="x")
        for number in range(times)
    ]
    AccessFailureLog.objects.bulk_create(rows)


def test_t11_the_eleventh_try_from_one_address_is_refused_and_the_owner_elsewhere_comes_in(
    hall: Hall,
) -> None:
    for _ in range(TRIES):
        last = sign_in(browser(), "aki", "wrong")
    refused = sign_in(browser(), "aki")
    assert (last.status_code, refused.status_code) == (429, 429)
    assert 0 < int(refused["Retry-After"]) <= 300
    assert "5分" in refused.content.decode()
    assert sign_in(browser(), "sora").status_code == 302  # another person at this address
    assert sign_in(browser(address="198.51.100.9"), "aki").status_code == 302  # the owner at home
    assert SignIn.objects.filter(outcome="locked").exists()


def test_t11_a_lock_ends_after_five_minutes_however_often_it_is_tried(hall: Hall) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(TRIES):
            sign_in(browser(), "aki", "wrong")
        clock.shift(timedelta(minutes=4))
        assert sign_in(browser(), "aki").status_code == 429
        clock.shift(timedelta(minutes=1, seconds=1))
        assert sign_in(browser(), "aki").status_code == 302


def test_t11_an_unknown_id_is_locked_like_a_known_one(hall: Hall) -> None:
    answers = {}
    with time_machine.travel(timezone.now(), tick=False):
        for login in ("aki", "nobody"):
            for _ in range(TRIES + 1):
                answer = sign_in(browser(), login, "wrong")
            body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
            answers[login] = (answer.status_code, answer["Retry-After"], body)
    assert answers["aki"] == answers["nobody"]


def test_t10_all_addresses_together_get_fewer_than_a_hundred_comparisons(
    hall: Hall, verified: list[str]
) -> None:
    owner = signed_in("aki")
    owner.post("/sign-out/")
    verified.clear()
    failed_before("aki", STRANGERS_MAX - 20)
    for number in range(40):
        answer = sign_in(browser(address=f"198.51.100.{number}"), "aki", "guess")
    assert "受け付けていません" in answer.content.decode()
    assert len(verified) == 20
    assert sign_in(browser(address="192.0.2.1"), "aki").status_code == 200  # right, but a stranger
    assert sign_in(owner, "aki").status_code == 302  # the owner's own browser is known
    assert not AccessFailureLog.objects.filter(username=hidden("aki")).exists()


def test_t10_even_a_known_browser_gets_no_more_than_a_hundred(
    hall: Hall, verified: list[str]
) -> None:
    owner = signed_in("aki")
    owner.post("/sign-out/")
    failed_before("aki", FAILURES_MAX - 5)
    for _ in range(8):
        sign_in(owner, "aki", "guess")
    assert verified.count("guess") == 5
    assert "受け付けていません" in sign_in(owner, "aki").content.decode()


def test_t10_an_id_that_nobody_has_comes_to_its_end_in_the_same_words(hall: Hall) -> None:
    bodies = set()
    for login in ("aki", "nobody"):
        failed_before(login, STRANGERS_MAX)
        body = sign_in(browser(), login).content.decode().replace(login, "")
        bodies.add(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body))
    assert len(bodies) == 1


def test_success_forgives_earlier_slips(hall: Hall) -> None:
    client = browser()
    for _ in range(2):
        for _ in range(TRIES - 1):
            sign_in(client, "aki", "wrong")
        assert sign_in(client, "aki").status_code == 302
        client.post("/sign-out/")


def test_an_address_that_a_stranger_writes_himself_is_not_believed(
    hall: Hall, settings: pytest.FixtureRequest
) -> None:
    settings.PROXIES = 1  # type: ignore[attr-defined]
    client = browser(address="10.0.0.1")
    client.post(
        "/sign-in/",
        {"username": "aki", "password": "wrong"},
        headers={"x-forwarded-for": "1.2.3.4, 198.51.100.77"},
    )
    assert SignIn.objects.get().address == "198.51.100.77"
    settings.PROXIES = 0  # type: ignore[attr-defined]
    sign_in(browser(address="203.0.113.5"), "aki", "wrong")
    assert SignIn.objects.latest("id").address == "203.0.113.5"


@pytest.mark.parametrize(
    ("path", "data", "times"),
    [
        ("/sign-in/", {"username": "u", "password": "p"}, 100),
        ("/forgotten/", {"username": "u"}, 20),
        ("/reset/MQ/set-password/", {"new1": "x"}, 40),
        ("/begin/no-such-link/", {}, 40),
        ("/sign-in/passkey/", {"credential": "{}"}, 100),
    ],
)
def test_every_open_form_has_its_limit(
    path: str, data: dict[str, str], times: int, hall: Hall
) -> None:
    with time_machine.travel("2026-11-22T10:00:01Z", tick=False):
        for number in range(times):
            sent = data | ({"username": f"u{number}"} if "username" in data else {})
            assert browser().post(path, sent).status_code != 429
        refused = browser().post(path, data)
        assert refused.status_code == 429
        assert int(refused["Retry-After"]) > 0
        assert "分ほどたってから" in refused.content.decode()
        assert browser(address="198.51.100.1").post(path, data).status_code != 429
