"""Coming in and going out: one answer for everybody who may not, one line for every try."""

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.outbox.models import Message
from noroshi.tenants.models import AddressRange, KnownDevice, SignIn, User
from tests.account.conftest import FIREFOX, PASSWORD, Hall, browser, sign_in, signed_in


def outcomes(login: str | None = "aki") -> list[str]:
    return list(
        SignIn.objects.filter(user__login=login).order_by("id").values_list("outcome", flat=True)
    )


def test_the_right_password_leads_home_and_is_written_down(hall: Hall) -> None:
    client = browser()
    answer = sign_in(client, "aki")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    line = SignIn.objects.get(user=hall.aki)
    assert (line.outcome, line.method, line.device) == ("ok", "password", "iPhone / Safari")
    assert (line.address, line.place, line.is_new_device) == ("203.0.113.7", "203.0.113.0/24", True)


def test_wrong_password_unknown_and_stopped_user_get_the_same_answer(hall: Hall) -> None:
    User.objects.filter(login="sora").update(is_active=False, state="stopped")
    answers = [
        sign_in(browser(), login, password)
        for login, password in (("aki", "wrong"), ("nobody", PASSWORD), ("sora", PASSWORD))
    ]
    bodies = {
        answer.content.decode().replace(login, "").split("csrfmiddlewaretoken")[0]
        for answer, login in zip(answers, ("aki", "nobody", "sora"), strict=True)
    }
    told = {str(answer.context["form"].non_field_errors()) for answer in answers}
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert (len(told), len(bodies)) == (1, 1)
    assert "利用者IDかパスワードが違います" in told.pop()
    assert outcomes() == ["wrong"]
    assert outcomes("sora") == ["refused"]
    assert SignIn.objects.get(user=None).outcome == "wrong"


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("/incidents/", "/incidents/"), ("https://evil.example/", "/"), ("//evil.example", "/")],
)
def test_next_leads_nowhere_but_into_the_house(wanted: str, reached: str, hall: Hall) -> None:
    assert sign_in(browser(), "aki", query=f"?next={wanted}")["Location"] == reached


def test_signing_out_is_a_post_ends_it_and_is_written_down(hall: Hall) -> None:
    client = signed_in("aki")
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/")["Location"].startswith("/sign-in/")
    assert outcomes() == ["ok", "signed_out"]


def test_a_new_device_is_told_by_mail_once_in_the_language_of_the_person(hall: Hall) -> None:
    User.objects.filter(login="aki").update(language="en")
    client = signed_in("aki")
    client.post("/sign-out/")
    sign_in(client, "aki")
    mail = Message.objects.get(kind="account.new_device")
    assert mail.address == "aki@example.jp"
    assert "iPhone / Safari" in mail.body
    assert "203.0.113.7" in mail.body
    assert mail.subject.startswith("[Sign-in]")
    signed_in("aki", FIREFOX)
    assert Message.objects.filter(kind="account.new_device").count() == 2
    assert KnownDevice.objects.filter(user=hall.aki).count() == 2


def test_the_mark_of_a_device_is_one_persons_own(hall: Hall) -> None:
    client = signed_in("aki")
    cookie = client.cookies["noroshi_device"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie.value not in str(list(KnownDevice.objects.values()))
    client.post("/sign-out/")
    sign_in(client, "kei")
    assert Message.objects.count() == 1  # Kei has no address; Aki was told once
    assert SignIn.objects.get(user=hall.kei).is_new_device


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.168.10.4", "構内のアドレス"),
        ("198.51.100.20", "愛知県日進市"),
        ("2001:db8::17", "試験の網"),
        ("2400:4050:1:2::9", "2400:4050:1::/48"),
    ],
)
def test_a_place_is_named_by_the_table_or_by_the_network(
    address: str, place: str, hall: Hall
) -> None:
    AddressRange.objects.create(first="198.51.100.0", last="198.51.100.255", place="愛知県日進市")
    AddressRange.objects.create(first="2001:db8::", last="2001:db8::ff", place="試験の網")
    signed_in("aki", address=address)
    assert SignIn.objects.get().place == place


def test_an_expired_initial_password_opens_nothing_and_says_what_to_do(hall: Hall) -> None:
    User.objects.filter(login="aki").update(state="issued", initial_until=timezone.now())
    answer = sign_in(browser(), "aki")
    assert "初期パスワードの期限が切れています" in answer.content.decode()
    assert outcomes() == ["expired"]


def test_a_signed_in_person_is_not_asked_again(hall: Hall) -> None:
    assert signed_in("aki").get("/sign-in/")["Location"] == "/"


def test_no_sign_in_page_is_kept_in_a_cache(hall: Hall, client: Client) -> None:
    assert client.get("/sign-in/")["Cache-Control"] == "no-store"
