"""Keys, links and seals: long enough, each for one thing, worth nothing when changed."""

import logging

import pytest
from allauth.mfa import app_settings
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.test import Client
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from noroshi.account import arrival, sealing
from noroshi.account.pages import mail
from noroshi.inbox import actions
from noroshi.tenants import accounts
from noroshi.tenants.models import User
from tests.house.matrix import FORWARDED, OWN, browser_of, read, variants
from tests.house.matrix_table import LINES, ROLES
from tests.house.matrix_world import World
from tests.web.conftest import PASSWORD

BITS_MIN = 128
SESSION_LETTERS = 36


@pytest.fixture
def aki(db: None) -> User:
    """Somebody whose account works."""
    return User.objects.create_user("aki", PASSWORD, name="あき", email="aki@example.jp")


@pytest.mark.django_db
def test_the_key_of_a_session_is_long_and_never_twice_the_same() -> None:
    keys = {SessionStore()._get_new_session_key() for _ in range(200)}
    assert len(keys) == 200
    assert {len(key) for key in keys} == {32}
    assert len(set("".join(keys))) == SESSION_LETTERS  # 32 × log2(36) = 165 bits


def test_spare_codes_and_links_are_long_enough() -> None:
    assert accounts.LINK_BYTES * 8 >= BITS_MIN
    assert actions.TOKEN_BYTES * 8 >= BITS_MIN
    assert arrival.COOKIE_BYTES * 8 >= BITS_MIN
    assert app_settings.RECOVERY_CODE_DIGITS >= 7  # 20 bits and more, with few tries
    user = User(pk=1, login="x", email="x@example.jp")
    signature = default_token_generator.make_token(user).partition("-")[2]
    assert len(signature) * 4 >= BITS_MIN


def changed(token: str) -> list[str]:
    """The token with one letter different, at each place."""
    return [
        token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        for place, letter in enumerate(token)
    ]


def test_a_changed_link_is_worth_nothing(aki: User) -> None:
    token = default_token_generator.make_token(aki)
    assert default_token_generator.check_token(aki, token)
    assert not any(default_token_generator.check_token(aki, one) for one in changed(token))
    signed = signing.dumps({"user": aki.pk}, salt=mail.SALT)
    for one in changed(signed)[::3]:
        with pytest.raises(signing.BadSignature):
            signing.loads(one, salt=mail.SALT)
    with pytest.raises(signing.BadSignature):
        signing.loads(signing.dumps({"user": aki.pk}, key="k" * 50, salt=mail.SALT), salt=mail.SALT)


def test_a_link_for_one_thing_does_no_other(aki: User) -> None:
    client = Client()
    client.force_login(aki)
    wish = {"user": aki.pk, "from": aki.email, "to": "new@example.jp"}
    for salt in ("django.core.signing", "noroshi.other", ""):
        foreign = signing.dumps(wish, salt=salt)
        assert client.post(f"/account/mail/{foreign}/", **FORWARDED).status_code == 404
    assert User.objects.get(pk=aki.pk).email == "aki@example.jp"
    uid = urlsafe_base64_encode(force_bytes(aki.pk))
    own = signing.dumps(wish, salt=mail.SALT)
    page = Client().get(f"/reset/{uid}/{own}/", follow=True, **FORWARDED)
    assert 'type="password"' not in read(page)
    token = default_token_generator.make_token(aki)
    assert Client().get(f"/begin/{token}/", **FORWARDED).status_code == 410


def test_a_changed_seal_does_not_open() -> None:
    sealed = sealing.seal("JBSWY3DPEHPK3PXP")
    assert sealing.unseal(sealed) == "JBSWY3DPEHPK3PXP"
    for one in changed(sealed.rstrip("="))[10::7]:
        with pytest.raises(sealing.Unreadable):
            sealing.unseal(one)


@pytest.mark.django_db
def test_password_fields_are_masked_and_take_what_a_manager_types(
    world: World, client: Client
) -> None:
    pages = [read(client.get("/sign-in/", **FORWARDED))]
    for role, name in (
        ("initial", "first-password"),
        ("viewer", "password"),
        ("viewer", "confirm"),
    ):
        pages.append(read(browser_of(world, ROLES[role]).get(f"/{_path(name)}/", **FORWARDED)))
    for page in pages:
        fields = [tag for tag in page.split("<input")[1:] if "password" in tag.split(">")[0]]
        masked = [tag.split(">")[0] for tag in fields if 'type="password"' in tag.split(">")[0]]
        assert masked
        for tag in masked:
            assert "autocomplete=" in tag
            assert 'autocomplete="off"' not in tag
            assert "onpaste" not in tag


def _path(name: str) -> str:
    return {"first-password": "first", "password": "password", "confirm": "confirm"}[name]


def test_a_password_of_ones_own_does_not_expire(aki: User) -> None:
    aki.password_changed_at = timezone.now() - timezone.timedelta(days=3650)
    aki.save()
    client = Client()
    client.post("/sign-in/", {"username": "aki", "password": PASSWORD}, **FORWARDED)
    assert client.get("/account/", **FORWARDED).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "stopped", "auditor", "staff-admin", "staff-bare"])
def test_every_page_of_somebody_signed_in_shows_the_way_out(role: str, world: World) -> None:
    client = browser_of(world, ROLES[role])
    without = []
    for line in LINES.values():
        if line.get is None or line.is_public or role not in line.get:
            continue
        answer = client.get(dict(variants(world, ROLES[role], line))[OWN], **FORWARDED)
        page = read(answer)
        if answer.status_code == 200 and "</html>" in page and "/sign-out/" not in page:
            without.append(line.name)
    assert [name for name in without if name not in BEFORE_SIGNING_IN] == []


# Pages for those who are not signed in; somebody signed in has no need of them.
BEFORE_SIGNING_IN = {"forgotten", "reset", "reset-done", "first-link"}


@pytest.mark.django_db
def test_signing_out_clears_what_the_browser_keeps(world: World) -> None:
    client = browser_of(world, ROLES["viewer"])
    page = client.get("/", **FORWARDED)
    assert "no-store" in page["Cache-Control"]
    answer = client.post("/sign-out/", **FORWARDED)
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/", **FORWARDED).status_code == 302


@pytest.mark.django_db
def test_a_value_counts_only_where_it_belongs(aki: User) -> None:
    """A form's field in the address, in a header or a cookie is no field of the form."""
    client = Client()
    client.cookies["username"], client.cookies["password"] = "aki", PASSWORD
    answer = client.post(
        f"/sign-in/?username=aki&password={PASSWORD.replace(' ', '+')}", {"username": "aki"},
        **FORWARDED, HTTP_USERNAME="aki", HTTP_PASSWORD=PASSWORD,
    )  # fmt: skip
    assert answer.status_code == 200
    assert client.get("/account/", **FORWARDED).status_code == 302


@pytest.mark.django_db
def test_a_fault_of_ours_is_logged_with_its_trace(
    caplog: pytest.LogCaptureFixture, settings: object
) -> None:
    settings.ROOT_URLCONF = "tests.security.test_answers"
    with caplog.at_level(logging.ERROR):
        answer = Client(raise_request_exception=False).get("/broken/", **FORWARDED)
    assert answer.status_code in {302, 500}
    aki = User.objects.create_user("aki", PASSWORD, name="あき")
    client = Client(raise_request_exception=False)
    client.force_login(aki)
    with caplog.at_level(logging.ERROR):
        assert client.get("/broken/", **FORWARDED).status_code == 500
    told = [record for record in caplog.records if record.exc_info]
    assert "Internal Server Error: /broken/" in told[-1].getMessage()
    assert client.get("/account/", **FORWARDED).status_code == 200  # and the house goes on
