"""What a stranger writes into headers and addresses moves nobody elsewhere and hides nobody."""

import pytest
from django.test import Client, RequestFactory, override_settings

from noroshi.outbox.models import Message
from noroshi.tenants.models import Membership, SignIn, User
from noroshi.tenants.sign_ins import address_of
from tests.contracted import make_tenant
from tests.house.matrix import FORWARDED
from tests.web.conftest import PASSWORD

ELSEWHERE = (
    "https://evil.example/", "//evil.example/",
    "/\\evil.example", "\\\\evil.example", "javascript:x",
    "https:evil.example", "http:///evil.example", "/\t/evil.example", " //evil.example", "data:,x",
    "https://testserver@evil.example/", "https://testserver.evil.example/",
)  # fmt: skip
HOSTS = ("evil.example", "testserver.evil.example", "testserver@evil.example", "a b", "127.0.0.1.x")


@pytest.fixture
def aki(db: None, settings: object) -> User:
    """Admin of a contractor; may be reset by mail."""
    user = User.objects.create_user("aki", PASSWORD, name="あき", email="aki@example.jp")
    tenant = make_tenant(name="みどりの里", created_at="2026-01-01T00:00:00Z")
    Membership.objects.create(tenant=tenant, user=user, role="admin")
    return user


@pytest.mark.django_db
@pytest.mark.parametrize("host", HOSTS)
def test_another_name_of_the_house_is_refused(host: str) -> None:
    client = Client(raise_request_exception=False)
    assert client.get("/sign-in/", HTTP_HOST=host).status_code == 400
    with_forwarded = client.get("/sign-in/", HTTP_HOST="localhost", HTTP_X_FORWARDED_HOST=host)
    assert with_forwarded.status_code == 200
    assert host not in with_forwarded.content.decode()


def test_a_link_in_a_mail_names_our_house_whatever_the_request_said(aki: User) -> None:
    told = {"HTTP_HOST": "localhost", "HTTP_X_FORWARDED_HOST": "evil.example"}
    Client().post("/forgotten/", {"username": "aki"}, **told)
    body = Message.objects.get(address="aki@example.jp").body
    assert "http://127.0.0.1:8000/reset/" in body
    assert "evil" not in body


@pytest.mark.parametrize("place", ELSEWHERE)
def test_signing_in_leads_to_no_other_site(place: str, aki: User) -> None:
    answer = Client().post(
        "/sign-in/", {"username": "aki", "password": PASSWORD, "next": place}, **FORWARDED
    )
    assert answer.status_code == 302
    assert answer["Location"] in {"/", "/account/"} or answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("address", ["/i18n/setlang/", "/confirm/", "/sign-in/"])
def test_no_form_leads_to_another_site(place: str, address: str, aki: User) -> None:
    client = Client()
    client.force_login(aki)
    form = {"next": place, "language": "en", "password": PASSWORD}
    answer = client.post(address, form, **FORWARDED, HTTP_REFERER=place)
    target = answer.headers.get("Location", "/")
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    assert "\t" not in target


def seen_from(**headers: str) -> str | None:
    """The address that would be logged."""
    return address_of(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7", **headers))


@pytest.mark.parametrize(
    "forged", ["1.2.3.4", "1.2.3.4, 5.6.7.8", "unknown", "::1", "127.0.0.1\r\nX: y"]
)
def test_a_forwarded_address_counts_for_nothing_without_a_proxy(forged: str) -> None:
    with override_settings(PROXIES=0):
        assert seen_from(HTTP_X_FORWARDED_FOR=forged) == "203.0.113.7"
        others = {"HTTP_X_REAL_IP": forged, "HTTP_FORWARDED": f"for={forged}"}
        assert seen_from(HTTP_CLIENT_IP=forged, **others) == "203.0.113.7"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "1.2.3.4, 198.51.100.9", "198.51.100.9"),
        (2, "1.2.3.4, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        (2, "6.6.6.6, 1.2.3.4, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
    ],
)
def test_behind_proxies_only_what_ours_added_counts(
    proxies: int, forwarded: str, seen: str
) -> None:
    with override_settings(PROXIES=proxies):
        assert seen_from(HTTP_X_FORWARDED_FOR=forwarded) == seen


@pytest.mark.parametrize("proxies", [0, 1])
def test_the_log_of_sign_ins_and_the_limit_use_the_true_address(proxies: int, aki: User) -> None:
    with override_settings(PROXIES=proxies):
        for number in range(12):
            forged = f"10.9.8.{number}" if not proxies else f"10.9.8.{number}, 203.0.113.7"
            answer = Client().post(
                "/sign-in/", {"username": "aki", "password": "wrong"},
                REMOTE_ADDR="203.0.113.7" if not proxies else "127.0.0.1",
                HTTP_X_FORWARDED_FOR=forged, HTTP_HOST="localhost",
            )  # fmt: skip
    assert set(SignIn.objects.values_list("address", flat=True)) == {"203.0.113.7"}
    assert answer.status_code == 429  # a new forged address did not begin a new count
