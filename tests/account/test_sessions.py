"""T13, T16: a session is short, moves to a new key at every step of trust, and ends from afar."""

import time
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from noroshi.tenants import accounts, sessions
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Membership, User
from tests.account.conftest import FIREFOX, PASSWORD, Hall, browser, sign_in, signed_in
from tests.contracted import make_tenant
from tests.factors import code_at, give_app

KEY = "noroshi_session"
FRESH = "three green herons at dusk"


def key_of(client: Client) -> str:
    return client.cookies[KEY].value


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_t13_a_key_from_before_signing_in_is_worth_nothing(hall: Hall) -> None:
    client = browser()
    sign_in(client, "sora")  # waits for the code: a session exists already
    before = key_of(client)
    client.post("/sign-in/code/", {"code": code_at(time.time())})
    assert key_of(client) != before
    thief = browser(FIREFOX)
    thief.cookies[KEY] = before
    assert not is_in(thief)
    assert is_in(client)


def test_t13_proving_it_again_and_another_tenant_bring_a_new_key(hall: Hall) -> None:
    other = make_tenant(name="よその会社", created_at=timezone.now())
    Membership.objects.create(tenant=other, user=hall.aki, role=Membership.Role.VIEWER)
    client = signed_in("aki")
    keys = [key_of(client)]
    client.post("/confirm/", {"password": PASSWORD})
    keys.append(key_of(client))
    client.post(f"/as/{other.code}/")
    keys.append(key_of(client))
    assert len(set(keys)) == 3
    assert is_in(client)
    assert [row.session_key for row in UserSession.objects.filter(user=hall.aki)] == keys[-1:]
    assert not Session.objects.filter(session_key__in=keys[:2]).exists()


@pytest.mark.parametrize(("login", "minutes"), [("aki", 30), ("kei", 15)])
def test_t13_an_idle_session_ends(login: str, minutes: int, hall: Hall) -> None:
    give_app(hall.kei)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(login)
        if login == "kei":
            client.post("/sign-in/code/", {"code": code_at(time.time())})
        clock.shift(timedelta(minutes=minutes - 1))
        assert is_in(client)
        clock.shift(timedelta(minutes=minutes - 1))
        assert is_in(client)
        clock.shift(timedelta(minutes=minutes + 1))
        assert not is_in(client)


def test_t13_a_page_that_keeps_itself_fresh_does_not_keep_the_session(hall: Hall) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in("aki")
        for _ in range(31):
            clock.shift(timedelta(minutes=1))
            client.get("/live/open/", headers={"sec-fetch-mode": "cors", "x-noroshi-live": "1"})
        assert not is_in(client)


def test_t13_after_twelve_hours_even_a_busy_session_ends(hall: Hall) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in("aki")
        for _ in range(12 * 60 // 20 - 1):
            clock.shift(timedelta(minutes=20))
            assert is_in(client)
        clock.shift(timedelta(minutes=21))
        assert not is_in(client)


def test_t13_a_stopped_persons_next_request_is_refused_and_the_sessions_are_gone(
    hall: Hall,
) -> None:
    client = signed_in("aki")
    accounts.stop(hall.aki, by=Actor(hall.kei, None), now=timezone.now())
    assert client.get("/")["Location"].startswith("/sign-in/")
    assert not Session.objects.exists()
    assert not UserSession.objects.filter(user=hall.aki).exists()


def test_t13_a_person_stopped_in_the_table_alone_is_out_too(hall: Hall) -> None:
    client = signed_in("aki")
    User.objects.filter(login="aki").update(is_active=False, state="frozen")
    assert client.get("/")["Location"].startswith("/sign-in/")


def test_a_person_sees_the_own_sessions_and_ends_another_one(hall: Hall) -> None:
    phone, desk = signed_in("aki"), signed_in("aki", FIREFOX, "198.51.100.4")
    stranger = signed_in("sora", FIREFOX)
    page = phone.get("/account/").content.decode()
    assert "iPhone / Safari" in page
    assert "Linux / Firefox" in page
    theirs = UserSession.objects.get(user=hall.aki, session_key=key_of(desk))
    stranger.post("/account/sessions/", {"number": theirs.pk})
    assert is_in(desk)
    phone.post("/account/sessions/", {"number": theirs.pk})
    assert is_in(phone)
    assert not is_in(desk)
    assert AuditEntry.objects.get(action="user.sessions_ended").user == hall.aki


def test_all_other_sessions_end_at_once_and_this_one_stays(hall: Hall) -> None:
    phone, others = signed_in("aki"), [signed_in("aki", FIREFOX) for _ in range(2)]
    phone.post("/account/sessions/")
    assert [is_in(client) for client in (phone, *others)] == [True, False, False]


def test_a_new_password_ends_every_other_session(hall: Hall) -> None:
    phone, desk = signed_in("aki"), signed_in("aki", FIREFOX)
    assert phone.post("/password/", {"new1": FRESH, "new2": FRESH})["Location"] == "/account/"
    assert (is_in(phone), is_in(desk)) == (True, False)
    entry = AuditEntry.objects.get(action="user.password_changed")
    assert FRESH not in str(vars(entry))


SENSITIVE = {
    "/password/": {"new1": FRESH, "new2": FRESH},
    "/account/mail/": {"email": "thief@example.com"},
    "/account/app/": {"code": "123456"},
    "/account/app/remove/": {},
    "/account/passkeys/add/": {"credential": "{}"},
    "/account/codes/new/": {},
}


@pytest.mark.parametrize("path", SENSITIVE)
def test_t16_what_matters_asks_again_after_five_minutes_and_does_nothing_before(
    path: str, hall: Hall
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in("sora")
        client.post("/sign-in/code/", {"code": code_at(time.time())})
        before = User.objects.values().get(login="sora")
        clock.shift(timedelta(minutes=5, seconds=1))
        answer = client.post(path, SENSITIVE[path])
        assert answer.status_code == 302
        assert answer["Location"].startswith("/confirm/?next=")
        assert User.objects.values().get(login="sora") == before
        assert hall.sora.authenticator_set.count() == 1
        assert client.get(path)["Location"] == f"/confirm/?next={quote(path, safe='')}"
        assert client.post("/confirm/", {"password": "wrong", "next": path}).status_code == 200
        assert client.post("/confirm/", {"password": PASSWORD, "next": path})["Location"] == path
        assert client.get(path)["Location"] != "/confirm/" if path == "/account/app/" else True
        clock.shift(timedelta(minutes=5, seconds=1))
        assert client.post(path, SENSITIVE[path])["Location"].startswith("/confirm/")


def test_t16_a_code_is_proof_too_and_guesses_are_counted_with_the_sign_ins(hall: Hall) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in("sora")
        client.post("/sign-in/code/", {"code": code_at(time.time())})
        clock.shift(timedelta(minutes=6))
        assert client.post("/confirm/", {"code": code_at(time.time())})["Location"] == "/account/"
        assert client.get("/password/").status_code == 200
        for _ in range(10):
            last = client.post("/confirm/", {"password": "wrong"})
        assert last.status_code == 429


def test_confirm_leads_nowhere_but_into_the_house(hall: Hall) -> None:
    client = signed_in("aki")
    told = {"password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/confirm/", told)["Location"] == "/account/"


def test_sessions_that_ended_leave_the_tables(hall: Hall) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        signed_in("aki")
        clock.shift(timedelta(days=2))
        assert sessions.prune(timezone.now()) == 2
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()
