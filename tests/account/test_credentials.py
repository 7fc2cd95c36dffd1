"""From the letter or the link to the person's own password, and nothing else before it."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from noroshi.account.first_change import ALLOWED
from noroshi.codecs.models import Codec
from noroshi.devices.actions import NewDevice, register
from noroshi.devices.models import DeviceType
from noroshi.live.viewers import NotYours, stream_of
from noroshi.tenants import accounts
from noroshi.tenants.accounts import Handed, NewAccount
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Enrolment, IssuedCredential, Membership, Party, User
from noroshi.ui.limits import LINK
from tests.account.conftest import Hall, browser, sign_in

NOBODY = Actor(None, None)
OWN = "mizu-to-hikari-no-uta"
FITTING = {"int": "1", "uuid": "01234567-89ab-cdef-0123-456789abcdef", "str": "x", "slug": "x"}


def issued(hall: Hall, way: str = "letter") -> Handed:
    """Ben's user id, just handed over."""
    line = Enrolment.objects.create(
        tenant=hall.tenant,
        name="みずの べん",
        affiliation="employee",
        role="viewer",
        named_at=timezone.now(),
    )
    return accounts.issue_for(line, way=way, by=NOBODY, now=timezone.now())


def at_the_change(handed: Handed) -> Client:
    """A browser signed in with the initial password."""
    client = browser()
    assert sign_in(client, handed.user.login, handed.secret).status_code == 302
    return client


def change(client: Client, password: str, again: str | None = None):  # type: ignore[no-untyped-def]
    return client.post("/first/", {"new1": password, "new2": password if again is None else again})


def addresses(
    patterns: list[URLPattern | URLResolver], before: str = ""
) -> Iterator[tuple[str, str]]:
    """Every address of the house with its name; parts that vary get something that fits."""
    for one in patterns:
        route = before + str(one.pattern).lstrip("^")
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        else:
            path = re.sub(r"<(\w+):\w+>", lambda found: FITTING[found.group(1)], route)
            yield f"/{path}".replace("\\Z", "").replace("$", ""), one.name or ""


def test_with_an_initial_password_every_page_but_the_change_answers_403(hall: Hall) -> None:
    client = at_the_change(issued(hall))
    everywhere = list(addresses(get_resolver().url_patterns))
    assert len(everywhere) > 60
    for url, name in everywhere:
        if name in ALLOWED:
            continue
        piece = client.get(url, headers={"HX-Request": "true"})
        for answer in (client.get(url), client.post(url), piece):
            assert answer.status_code == 403, (url, name)
            assert "/first/" in answer.content.decode()
    page = client.get("/first/")
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert client.post("/i18n/setlang/", {"language": "en"}).status_code == 302
    assert client.post("/sign-out/").status_code == 302


def test_the_same_holds_for_an_auditor_and_for_staff(hall: Hall) -> None:
    for kind, roles in (("audit", ()), ("staff", ("admin",))):
        new = NewAccount("監査 太郎", kind=kind, staff_roles=roles, login=f"one-{kind}")
        client = at_the_change(accounts.issue(new, way="letter", by=NOBODY, now=timezone.now()))
        assert client.get("/").status_code == 403
        assert client.get("/office/").status_code == 403


def test_live_news_are_refused_until_the_change(hall: Hall) -> None:
    handed = issued(hall)
    client = at_the_change(handed)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"
    with pytest.raises(NotYours):
        stream_of(cookie, tenant_code=hall.tenant.code, is_office=False)


def test_after_the_change_the_person_goes_on_and_the_initial_password_is_dead(hall: Hall) -> None:
    handed = issued(hall)
    client, other = at_the_change(handed), at_the_change(handed)
    answer = change(client, OWN)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 302  # its session ended
    again = sign_in(browser(), handed.user.login, handed.secret)
    assert again.status_code == 200
    assert sign_in(browser(), handed.user.login, OWN).status_code == 302
    assert client.get("/first/").status_code == 302
    # The session that went on stands on the list, and so can be ended.
    handed.user.refresh_from_db()
    accounts.stop(handed.user, by=NOBODY, now=timezone.now())
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("kaki no ha zushi 米野木青果", "お名前・契約者名"),
        ("komenogi-seika-no-kaki", "お名前・契約者名"),
        ("mizuno-no-ben-to-inu-みずの", "お名前・契約者名"),
        ("samui reizouko 70B3D57ED0012345", "お名前・契約者名"),
        ("大きな 第1冷蔵庫 の上の猫たち", "お名前・契約者名"),
        ("denwa wa 0561-00-1234 desu", "電話番号"),
        ("password1234567", "よく使われる"),
        ("sakura202620262026", "よく使われる"),
        ("tooshort", "15文字以上"),
    ],
)
def test_what_others_would_try_first_is_refused_with_the_reason(
    hall: Hall, password: str, reason: str
) -> None:
    party = Party.objects.create(
        kind="company",
        standing="contractor",
        name="株式会社米野木青果",
        kana="コメノギセイカ",
        phone="0561-00-1234",
        made_at=timezone.now(),
    )
    hall.tenant.party = party
    hall.tenant.save()
    codec = Codec.objects.create(name="冷蔵庫", kind="cayenne")
    kind = DeviceType.objects.create(name_ja="冷蔵庫", codec=codec, interval_s=600)
    new = NewDevice(hall.tenant, "第1冷蔵庫", kind, "lorawan", "70B3D57ED0012345")
    register(new, by=NOBODY, now=timezone.now())
    client = at_the_change(issued(hall))
    said = change(client, password).content.decode()
    assert reason in said
    assert password not in said
    assert client.get("/").status_code == 403


def test_the_users_own_id_and_the_initial_password_are_refused(hall: Hall) -> None:
    handed = issued(hall)
    client = at_the_change(handed)
    with_id = change(client, f"{handed.user.login}-no-inu-to-neko")
    assert "利用者IDが入っています" in with_id.content.decode()
    assert "初期パスワードとは別のもの" in change(client, handed.secret).content.decode()
    assert "上の欄と同じもの" in change(client, OWN, OWN + "x").content.decode()


def test_a_character_written_in_two_ways_is_one_password(hall: Hall, settings: object) -> None:
    settings.PASSWORD_HASHERS = ["noroshi.tenants.hashers.Argon2id"]  # type: ignore[attr-defined]
    handed = issued(hall)
    change(at_the_change(handed), "かぎとゆめとひかりのうたごえを")
    apart = "かぎとゆめとひかりのうたごえを".replace("ぎ", "き\u3099").replace("ご", "こ\u3099")
    assert sign_in(browser(), handed.user.login, apart).status_code == 302


def test_an_expired_initial_password_lets_nobody_in(hall: Hall) -> None:
    handed = issued(hall)
    client = at_the_change(handed)
    User.objects.filter(pk=handed.user.pk).update(initial_until=timezone.now())
    late = browser()
    assert sign_in(late, handed.user.login, handed.secret).status_code == 200
    assert late.get("/")["Location"].startswith("/sign-in/")
    said = change(client, OWN)
    assert said.status_code == 403
    assert "期限が過ぎました" in said.content.decode()
    assert client.get("/")["Location"].startswith("/sign-in/")


def test_looking_at_a_link_uses_nothing_up_and_the_button_leads_to_the_choice(hall: Hall) -> None:
    handed = issued(hall, "link")
    url = f"/begin/{handed.secret}/"
    for _scanner in range(3):
        page = Client().get(url)
        assert page.status_code == 200
        assert page["Referrer-Policy"] == "strict-origin"
        assert "no-store" in page["Cache-Control"]
    assert IssuedCredential.objects.get(pk=handed.credential.pk).used_at is None
    client = browser()
    assert client.post(url)["Location"] == "/first/"
    assert client.get("/")["Location"].startswith("/sign-in/")  # not signed in: it chooses only
    assert "初期パスワードの変更" in client.get("/first/").content.decode()
    assert change(client, OWN)["Location"] == "/sign-in/"
    assert client.get("/first/")["Location"] == "/"
    assert sign_in(client, handed.user.login, OWN).status_code == 302
    for answer in (Client().get(url), Client().post(url)):
        assert answer.status_code == 410
        assert "このリンクは使えません" in answer.content.decode()


def test_a_link_ends_the_session_of_whoever_was_signed_in_here(hall: Hall) -> None:
    handed = issued(hall, "link")
    client = browser()
    sign_in(client, "aki")
    client.post(f"/begin/{handed.secret}/")
    assert handed.user.login in client.get("/first/").content.decode()
    change(client, OWN)
    hall.aki.refresh_from_db()
    assert not hall.aki.check_password(OWN)


@pytest.mark.parametrize("how", ["old", "revoked", "stopped", "unknown"])
def test_a_dead_link_says_what_to_do(hall: Hall, how: str) -> None:
    handed = issued(hall, "link")
    token = handed.secret
    if how == "old":
        IssuedCredential.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif how == "revoked":
        accounts.reissue(handed.user, way="letter", by=NOBODY, now=timezone.now())
    elif how == "stopped":
        accounts.stop(handed.user, by=NOBODY, now=timezone.now())
    else:
        token = "x" * 43
    for answer in (Client().get(f"/begin/{token}/"), Client().post(f"/begin/{token}/")):
        assert answer.status_code == 410
        assert "再発行" in answer.content.decode()


def test_links_cannot_be_tried_for_long(hall: Hall) -> None:
    client = browser()
    answers = [client.post(f"/begin/{n:043d}/").status_code for n in range(LINK.times + 1)]
    assert answers == [410] * LINK.times + [429]


def test_with_a_second_factor_eight_characters_will_do(hall: Hall) -> None:
    handed = accounts.reissue(hall.sora, way="link", by=NOBODY, now=timezone.now())
    client = browser()
    client.post(f"/begin/{handed.secret}/")
    assert "8文字以上" in client.get("/first/").content.decode()
    assert change(client, "kaeru-7x")["Location"] == "/sign-in/"
    # The factor stays: the new password alone opens nothing.
    assert sign_in(client, "sora", "kaeru-7x")["Location"] == "/sign-in/code/"


def test_who_has_an_own_password_is_not_led_here(hall: Hall) -> None:
    client = browser()
    sign_in(client, "aki")
    assert client.get("/first/")["Location"] == "/"
    assert browser().get("/first/")["Location"] == "/"
    assert Membership.objects.get(user=hall.aki).user.check_password("beacon fire on the hill")
