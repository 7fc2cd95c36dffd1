"""Canary secrets go through every flow, and are then looked for where none may be."""

import hashlib
import io
import logging
import secrets
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from noroshi.base.logs import Line
from noroshi.inbox.actions import NewConnection, make_connection, renew_token
from noroshi.outbox.models import Message
from noroshi.tenants import accounts
from noroshi.tenants.accounts import NewAccount
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import User
from tests.factors import SECRET, give_app
from tests.house.matrix import FORWARDED

CANARY = "canary-7Hq2-beacon-fire-on-the-hill"
NEW_CANARY = "canary-9Zx4-rain-over-the-rice-fields"
NOBODY = Actor(None, None)
TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything logged, down to DEBUG, as the house writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line())
    root = logging.getLogger()
    root.addHandler(handler)
    level, root.level = root.level, logging.DEBUG
    yield stream
    root.level = level
    root.removeHandler(handler)


def dump() -> str:
    """Every row of every table as text, bytes in hex."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        names = [name for (name,) in cursor.fetchall()]
        rows = []
        for name in names:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{name}" t')
            rows += [f"{name}: {text}" for (text,) in cursor.fetchall()]
    return "\n".join(rows)


def mails() -> str:
    """All that goes out."""
    return "\n".join(f"{one.subject}\n{one.body}\n{one.address}" for one in Message.objects.all())


def traces(secret: str) -> set[str]:
    """The secret as it could stand somewhere: plain, in hex."""
    return {secret, secret.encode().hex()}


def assert_unseen(secret: str, *places: str) -> None:
    """None of the places holds it in any writing."""
    assert len(secret) > 8
    for place in places:
        for trace in traces(secret):
            assert trace not in place, place[max(0, place.find(trace) - 80) :][:100]


@pytest.fixture
def aki(db: None) -> User:
    """Somebody with a canary for a password."""
    return User.objects.create_user("aki", CANARY, name="あき", email="aki@example.jp")


def test_a_password_leaves_no_trace_whatever_is_done_with_it(aki: User, log: io.StringIO) -> None:
    client = Client(raise_request_exception=False)
    for form in (
        {"username": "aki", "password": CANARY + "wrong"},
        {"username": CANARY, "password": "x"},  # typed into the wrong field
        {"username": "aki", "password": CANARY},
    ):
        client.post("/sign-in/", form, **FORWARDED)
    new = {"new_password1": NEW_CANARY, "new_password2": NEW_CANARY, "password": NEW_CANARY}
    client.post("/password/", {"old_password": CANARY, **new}, **FORWARDED)
    client.post("/confirm/", {"password": NEW_CANARY + "wrong"}, **FORWARDED)
    client.post("/sign-in/?x=1", {"username": "aki", "password": NEW_CANARY}, **FORWARDED)
    assert "aki" in dump()
    for secret in (CANARY, NEW_CANARY):
        assert_unseen(secret, log.getvalue(), mails(), dump())


def test_a_password_typed_as_a_user_id_is_written_down_nowhere(aki: User, log: io.StringIO) -> None:
    Client().post("/sign-in/", {"username": CANARY, "password": "x"}, **FORWARDED)
    assert_unseen(CANARY, log.getvalue(), mails(), dump())


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["letter", "link"])
def test_an_initial_secret_is_nowhere_but_in_the_hand_that_gets_it(
    way: str, log: io.StringIO
) -> None:
    new = NewAccount(name="新人", email="new@example.jp", login="newcomer")
    handed = accounts.issue(new, way=way, by=NOBODY, now=timezone.now())
    client = Client(raise_request_exception=False)
    if way == "link":
        client.get(f"/begin/{handed.secret}/", **FORWARDED)
        client.post(f"/begin/{handed.secret}/", **FORWARDED)
    else:
        client.post("/sign-in/", {"username": "newcomer", "password": handed.secret}, **FORWARDED)
    assert_unseen(handed.secret, log.getvalue(), mails(), dump())
    assert handed.secret not in repr(handed)


@pytest.mark.django_db
def test_the_token_of_a_connection_is_kept_only_as_its_hash(log: io.StringIO) -> None:
    made, token = make_connection(
        NewConnection("自営", "chirpstack"), by=NOBODY, now=timezone.now()
    )
    again = renew_token(made, by=NOBODY, now=timezone.now())
    for secret in (token, again):
        assert_unseen(secret, log.getvalue(), mails(), dump())
    assert hashlib.sha256(again.encode()).hexdigest() in dump()


def test_the_secret_of_a_code_app_is_sealed(aki: User, log: io.StringIO) -> None:
    give_app(aki)
    assert_unseen(SECRET, log.getvalue(), mails(), dump())


def test_a_link_to_reset_stands_in_one_mail_and_nowhere_else(aki: User, log: io.StringIO) -> None:
    Client().post("/forgotten/", {"username": "aki"}, **FORWARDED)
    mail = Message.objects.get(address="aki@example.jp")
    token = mail.body.split("/reset/")[1].split("/")[1]
    rows = [line for line in dump().splitlines() if not line.startswith("outbox_message:")]
    assert_unseen(token, log.getvalue(), "\n".join(rows))
    Client(raise_request_exception=False).get(f"/reset/x/{token}/", **FORWARDED)
    assert_unseen(CANARY, mail.body)


@pytest.mark.django_db
def test_no_secret_stands_in_an_address_that_stays(aki: User) -> None:
    """The page behind a link moves on at once: what is in the history opens nothing."""
    Client().post("/forgotten/", {"username": "aki"}, **FORWARDED)
    body = Message.objects.get(address="aki@example.jp").body
    path = "/reset/" + body.split("/reset/")[1].split()[0]
    answer = Client().get(path, **FORWARDED)
    assert answer.status_code == 302
    assert "set-password" in answer["Location"]


@pytest.mark.django_db
def test_no_account_is_there_before_the_operator_makes_one() -> None:
    assert not User.objects.exists()
    for login in ("admin", "root", "noroshi", "kei"):
        for password in ("admin", "root", "password", "noroshi", ""):
            client = Client(REMOTE_ADDR=f"198.51.100.{secrets.randbelow(250)}")
            client.post("/sign-in/", {"username": login, "password": password}, **FORWARDED)
            assert client.get("/account/", **FORWARDED).status_code == 302
