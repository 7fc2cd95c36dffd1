"""T14, T15: the second factor cannot be gone round, and a code is good once."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone

from noroshi.account.sealing import Unreadable, seal, unseal
from noroshi.outbox.models import Message
from noroshi.tenants import audit, factors
from noroshi.tenants.models import AuditEntry, SignIn
from tests.account.conftest import Hall, browser, sign_in, signed_in
from tests.factors import SECRET, code_at, give_app, give_spare_codes


def with_code(code: str = "", login: str = "sora"):  # type: ignore[no-untyped-def]
    """Password, then this code; without one, what the app shows by then."""
    client = browser()
    assert sign_in(client, login)["Location"] == "/sign-in/code/"
    return client, client.post("/sign-in/code/", {"code": code or code_at(time.time())})


def test_t14_the_password_alone_opens_nothing_where_a_factor_was_set_up(hall: Hall) -> None:
    client = browser()
    assert sign_in(client, "sora")["Location"] == "/sign-in/code/"
    assert client.get("/")["Location"].startswith("/sign-in/")
    assert client.get("/account/")["Location"].startswith("/sign-in/")
    assert not SignIn.objects.filter(outcome="ok").exists()
    client, answer = with_code()
    assert answer["Location"] == "/"
    assert client.get("/").status_code == 200
    assert SignIn.objects.get(outcome="ok").method == "password+app"


def test_t15_the_same_code_twice_is_refused_and_stays_refused_while_it_lives(hall: Hall) -> None:
    with time_machine.travel("2026-11-22T10:00:01Z", tick=False) as clock:
        code = code_at(time.time())
        assert with_code(code)[1].status_code == 302
        assert "使い終わったコード" in with_code(code)[1].content.decode()
        clock.shift(31)  # its own 30 seconds are over
        assert "使い終わったコード" in with_code(code)[1].content.decode()
        assert with_code()[1].status_code == 302


def test_a_code_lives_its_own_thirty_seconds_and_the_words_tell_of_the_clock(hall: Hall) -> None:
    with time_machine.travel("2026-11-22T10:00:29Z", tick=False) as clock:
        code, coming = code_at(time.time()), code_at(time.time() + 30)
        said = with_code(coming)[1].content.decode()
        assert "時計が合っているか" in said
        clock.shift(2)
        assert with_code(code)[1].status_code == 200
        assert with_code(coming)[1].status_code == 302


def test_t15_a_code_older_than_the_last_one_is_refused(hall: Hall) -> None:
    with time_machine.travel("2026-11-22T10:00:01Z", tick=False):
        assert with_code()[1].status_code == 302
        assert with_code(code_at(time.time() - 30))[1].status_code == 200


def test_a_spare_code_opens_once(hall: Hall) -> None:
    code = give_spare_codes(hall.sora)[0]
    assert with_code(code)[1].status_code == 302
    assert SignIn.objects.get(outcome="ok").method == "password+code"
    assert with_code(code)[1].status_code == 200


def test_guessing_codes_comes_to_an_end_and_is_written_down(hall: Hall) -> None:
    client = browser()
    sign_in(client, "sora")
    for _ in range(6):
        answer = client.post("/sign-in/code/", {"code": "000000"})
    assert "5分ほど" in answer.content.decode()
    right = client.post("/sign-in/code/", {"code": code_at(time.time())})
    assert right.status_code == 200
    assert SignIn.objects.filter(user=hall.sora, outcome="wrong").count() == 7


def test_t14_staff_without_a_factor_are_led_to_the_set_up_and_nowhere_else(hall: Hall) -> None:
    client = signed_in("kei")
    assert client.get("/")["Location"] == "/account/factors/"
    for path in ("/office/tenants/", "/account/", "/password/", "/devices/"):
        assert client.get(path).status_code == 403
    assert client.post("/account/", {"name": "x"}).status_code == 403
    assert client.get("/account/factors/").status_code == 200
    page = client.get("/account/app/").content.decode()
    secret = re.search(r'id="secret">([A-Z2-7]+)<', page)
    assert secret is not None
    code = code_at(time.time(), secret[1])
    assert client.post("/account/app/", {"code": code})["Location"] == "/account/codes/"
    codes = re.findall(r"<code>(\d{8})</code>", client.get("/account/codes/").content.decode())
    assert len(codes) == 10
    assert client.get("/office/tenants/").status_code == 200
    assert re.findall(r"<code>\d+</code>", client.get("/account/codes/").content.decode()) == []
    assert with_code(code, "kei")[1].status_code == 200  # used up by the set-up
    assert with_code(codes[3], "kei")[1].status_code == 302


def test_t14_a_reset_drops_no_factor_and_opens_no_session(hall: Hall) -> None:
    client = browser()
    client.post("/forgotten/", {"username": "sora"})
    link = re.search(r"http://\S+(/reset/\S+)", Message.objects.get(kind="account.reset").body)
    assert link is not None
    form = client.get(link[1], follow=True)
    fresh = "three green herons at dusk"
    done = client.post(form.request["PATH_INFO"], {"new1": fresh, "new2": fresh})
    assert done["Location"] == "/reset/done/"
    assert client.get("/")["Location"].startswith("/sign-in/")
    assert Authenticator.objects.filter(user=hall.sora, type="totp").exists()
    assert sign_in(client, "sora", fresh)["Location"] == "/sign-in/code/"
    assert client.get("/account/")["Location"].startswith("/sign-in/")


def test_the_last_factor_of_staff_cannot_be_taken_away(hall: Hall) -> None:
    give_app(hall.kei)
    client, answer = with_code(login="kei")
    assert answer.status_code == 302
    assert "最後の二つ目の確認は外せません" in client.post("/account/app/remove/").content.decode()
    assert factors.has_factor(hall.kei)


def test_a_person_may_take_the_own_factor_away_and_is_told_by_mail(hall: Hall) -> None:
    client, _answer = with_code()
    assert client.post("/account/app/remove/")["Location"] == "/account/"
    assert not factors.has_factor(hall.sora)
    assert "確認アプリを外しました" in Message.objects.get(kind="account.changed").body
    assert AuditEntry.objects.get(action="user.app_removed").user == hall.sora


def test_who_has_a_short_password_chooses_a_long_one_before_the_last_factor_goes(
    hall: Hall,
) -> None:
    hall.sora.set_password("kite moth")
    hall.sora.save()
    client = browser()
    assert sign_in(client, "sora", "kite moth")["Location"] == "/sign-in/code/"
    client.post("/sign-in/code/", {"code": code_at(time.time())})
    said = client.post("/account/app/remove/").content.decode()
    assert "15文字以上" in said
    assert reverse("password") in said
    assert factors.has_factor(hall.sora)
    long = "three green herons at dusk"
    client.post(reverse("password"), {"new1": long, "new2": long})
    assert client.post("/account/app/remove/")["Location"] == "/account/"
    assert not factors.has_factor(hall.sora)


def test_the_office_takes_lost_factors_away_with_a_reason_and_ends_the_sessions(hall: Hall) -> None:
    client, _answer = with_code()
    by = audit.Actor(hall.kei, None)
    told = {"by": by, "reason": "電話をなくした（本人確認済）", "now": timezone.now()}
    assert factors.remove_all(hall.sora, **told) == 1
    assert client.get("/")["Location"].startswith("/sign-in/")
    entry = AuditEntry.objects.get(action="user.factors_removed")
    assert entry.details["reason"] == "電話をなくした（本人確認済）"
    assert entry.details["before"] == ["totp"]


def test_secrets_are_sealed_in_the_table_and_open_with_an_older_key(
    hall: Hall, settings: pytest.FixtureRequest
) -> None:
    stored = Authenticator.objects.get(user=hall.sora)
    spare = give_spare_codes(hall.sora)
    assert SECRET not in str(list(Authenticator.objects.values()))
    old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50  # type: ignore[attr-defined]
    with pytest.raises(Unreadable):
        unseal(stored.data["secret"])
    settings.SECRET_KEY_FALLBACKS = [old]  # type: ignore[attr-defined]
    assert unseal(stored.data["secret"]) == SECRET
    assert unseal(seal("x")) == "x"
    assert give_spare_codes(hall.sora) == spare


def test_a_started_sign_in_does_not_wait_for_its_code_for_ever(hall: Hall) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = browser()
        sign_in(client, "sora")
        clock.shift(timedelta(minutes=16))
        answer = client.post("/sign-in/code/", {"code": code_at(time.time())})
        assert answer["Location"].startswith("/sign-in/")
        assert client.get("/")["Location"].startswith("/sign-in/")
