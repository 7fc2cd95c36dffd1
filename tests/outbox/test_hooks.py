"""Webhooks: signed, tried again alike, one receiver in trouble apart from the others."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from noroshi.base import failpoints
from noroshi.outbox import hooks, standing
from noroshi.outbox.actions import post_all
from noroshi.outbox.addresses import BadAddress
from noroshi.outbox.due import Rest
from noroshi.outbox.hook_due import Poster
from noroshi.outbox.models import Delivery, Hook, Message
from noroshi.outbox.trial import AN_HOUR_MAX, KIND, NotTried
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, Tenant
from tests.outbox.conftest import NOW, new
from tests.receiver import Receiver

pytestmark = [pytest.mark.django_db]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.objects.create(name="Aki", created_at=NOW)


@pytest.fixture
def by(tenant: Tenant) -> Actor:
    return Actor(None, tenant)


@pytest.fixture
def url(receiver: Receiver, settings: Any, tenant: Tenant) -> str:
    settings.WEBHOOK_TRUSTED = (f"localhost:{receiver.port}",)
    hooks.make(tenant, receiver.url, now=NOW - MINUTE)
    return receiver.url


def run(now: object = NOW) -> int:
    return Poster(Rest()).send_due(now)  # type: ignore[arg-type]


def alarm(tenant: Tenant, url: str, number: int = 1) -> Message:
    told = hooks.body_of("incident.opened", NOW, {"incident": f"i{number}", "name": "冷蔵庫"})
    message = new(
        number, tenant_id=tenant.pk, kind="incident.opened", address=url, body=told,
        channel="webhook",
    )  # fmt: skip
    post_all([message], now=NOW)
    return Message.objects.get(message_id=message.message_id)


def proven(url: str, by: Actor) -> str:
    """The secret of a webhook whose test succeeded."""
    secret = hooks.issue(url, by=by, now=NOW)
    hooks.test(url, by=by, now=NOW)
    run()
    assert secret is not None
    return secret


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As the recipe of Standard Webhooks says, written anew."""
    kind, _, key = secret.partition("_")
    assert kind == "whsec"
    content = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    wanted = hmac.digest(base64.b64decode(key), content, hashlib.sha256)
    found = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    return any(v == "v1" and base64.b64decode(mark) == wanted for v, mark in found)


def test_the_signature_is_that_of_the_published_example() -> None:
    """The values stand in the specification's own libraries."""
    headers = hooks.hook_secrets.headers_of(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )  # fmt: skip
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_nothing_goes_before_a_test_succeeded_and_everything_after(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    assert (alarm(tenant, url).state, Message.objects.get().reason) == ("held", "untested")
    with pytest.raises(NotTried):  # nobody can check a signature without the secret
        hooks.test(url, by=by, now=NOW)
    secret = proven(url, by)
    assert Message.objects.get(kind=KIND).state == "sent"
    message = alarm(tenant, url, 2)
    assert run(NOW + MINUTE) == 1
    message.refresh_from_db()
    assert (message.state, message.last_answer) == ("sent", "204")
    _target, headers, body = receiver.seen[-1]
    assert is_signed(secret, headers, body)
    assert not is_signed(secret, headers, body + b" ")
    assert json.loads(body)["data"]["name"] == "冷蔵庫"
    assert abs(int(headers["webhook-timestamp"]) - (NOW + MINUTE).timestamp()) < 2
    assert headers["content-type"].startswith("application/json")
    assert AuditEntry.objects.filter(action="webhook.secret_issued").count() == 1


def test_a_test_that_fails_confirms_nothing(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    receiver.answers = [b"HTTP/1.1 500 x\r\nContent-Length: 4\r\n\r\noops"]
    proven(url, by)
    failed = Message.objects.get(kind=KIND)
    assert (failed.state, failed.last_answer) == ("given_up", "500 oops")
    assert alarm(tenant, url).state == "held"


def test_after_a_new_secret_the_old_one_signs_for_a_day_too(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    old = proven(url, by)
    fresh = hooks.issue(url, by=by, now=NOW)
    assert fresh is not None
    for number, at in ((1, NOW + MINUTE), (2, NOW + hooks.OVERLAP + MINUTE)):
        alarm(tenant, url, number)
        run(at)
    (_, early, body), (_, late, later_body) = receiver.seen[-2:]
    assert is_signed(old, early, body)
    assert is_signed(fresh, early, body)
    assert is_signed(fresh, late, later_body)
    assert not is_signed(old, late, later_body)


def test_the_secret_is_unreadable_in_the_database(by: Actor, url: str) -> None:
    secret = hooks.issue(url, by=by, now=NOW)
    assert secret is not None
    assert secret.partition("_")[2] not in Hook.objects.get().secret


def test_a_failed_try_is_repeated_with_the_same_id_and_body(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    proven(url, by)
    message = alarm(tenant, url)
    receiver.answers = [b"HTTP/1.1 500 x\r\n\r\n", b"HTTP/1.1 302 x\r\nLocation: /else\r\n\r\n"]
    now, ways = NOW, []
    while message.state == "waiting":
        run(now)
        message.refresh_from_db()
        ways.append(now - NOW)
        rest = Hook.objects.get().rest_until
        now = max(message.due_at, rest or message.due_at) + timedelta(seconds=1)
    assert len(ways) == 3
    tries = receiver.seen[1:]
    assert len({(head["webhook-id"], body) for _, head, body in tries}) == 1
    assert len({head["webhook-timestamp"] for _, head, _ in tries}) == 3
    told = list(Delivery.objects.filter(message=message).order_by("pk").values_list("code"))
    assert told == [(500,), (302,), (204,)]


def test_a_crash_after_the_answer_posts_it_again_with_the_same_id(
    tenant: Tenant, by: Actor, url: str, receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    proven(url, by)
    alarm(tenant, url)

    def crash(name: str) -> None:
        if name == "hook.written":
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(failpoints, "at", crash)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert run(NOW + MINUTE) == 1
    first, second = receiver.seen[-2:]
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("is_date", [False, True])
def test_a_receiver_that_asks_for_time_gets_it(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
    status: int,
    *,
    is_date: bool,
) -> None:
    proven(url, by)
    message = alarm(tenant, url)
    wish = format_datetime(NOW + timedelta(hours=2), usegmt=True) if is_date else "7200"
    receiver.answers = [f"HTTP/1.1 {status} x\r\nRetry-After: {wish}\r\n\r\n".encode()]
    run()
    assert run(NOW + timedelta(minutes=118)) == 0
    assert run(NOW + timedelta(minutes=121)) == 1
    message.refresh_from_db()
    assert message.state == "sent"


def test_a_receiver_that_is_gone_is_stopped_at_once(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    proven(url, by)
    message, other = alarm(tenant, url), alarm(tenant, url, 2)
    receiver.answers = [b"HTTP/1.1 410 x\r\n\r\nno more"]
    run()
    message.refresh_from_db()
    other.refresh_from_db()
    assert (message.state, other.state, other.reason) == ("given_up", "held", "stopped")
    assert standing.stopped_of(tenant.pk)[url].answer == "no more"
    assert alarm(tenant, url, 3).reason == "stopped"


def test_a_receiver_in_trouble_is_left_alone_and_the_others_are_not(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    proven(url, by)
    other = url + "/other"
    hooks.make(tenant, other, now=NOW)
    proven(other, by)
    for number in range(5):
        alarm(tenant, url, number)
    fine = alarm(tenant, other, 10)
    receiver.answers = [b"HTTP/1.1 500 x\r\n\r\n"]
    seen = len(receiver.seen)
    run()
    assert len(receiver.seen) == seen + 2
    fine.refresh_from_db()
    assert fine.state == "sent"


def test_what_was_not_taken_for_a_day_is_given_up_all_at_once(
    tenant: Tenant,
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    proven(url, by)
    for number in range(4):
        alarm(tenant, url, number)
    receiver.answers = [b"HTTP/1.1 500 x\r\n\r\n"] * 9
    run(NOW + DAY + MINUTE)
    assert set(Message.objects.exclude(kind=KIND).values_list("state", flat=True)) == {"given_up"}
    assert url in standing.stopped_of(tenant.pk)  # more than three in a row


def test_a_name_of_the_inside_is_refused_and_never_called(
    tenant: Tenant,
    by: Actor,
    receiver: Receiver,
    settings: Any,
) -> None:
    settings.WEBHOOK_PORTS = (receiver.port,)
    inside = f"https://localhost:{receiver.port}/"
    hooks.make(tenant, inside, now=NOW)
    proven(inside, by)
    message = Message.objects.get(kind=KIND)
    assert message.state == "given_up"
    assert "not a public address" in message.last_answer
    assert receiver.seen == []


def test_only_the_beginning_of_the_answer_is_kept(
    by: Actor,
    url: str,
    receiver: Receiver,
) -> None:
    receiver.answers = [b"HTTP/1.1 200 x\r\n\r\n" + b"a\0b " * 100_000]
    proven(url, by)
    assert Delivery.objects.get().answer == ("ab " * 100)[:200].strip()


def test_what_waits_for_a_webhook_that_is_taken_off_is_given_up(
    tenant: Tenant, by: Actor, url: str
) -> None:
    proven(url, by)
    message = alarm(tenant, url)
    hooks.remove(tenant.pk, url)
    message.refresh_from_db()
    assert message.state == "given_up"
    assert run() == 0


def test_a_tenant_has_so_many_webhooks_and_no_more(tenant: Tenant) -> None:
    for number in range(hooks.HOOKS_MAX):
        hooks.make(tenant, f"https://a.example.jp/{number}", now=NOW)
    with pytest.raises(hooks.TooMany):
        hooks.make(tenant, "https://a.example.jp/more", now=NOW)


def test_so_many_tests_an_hour_and_no_more(by: Actor, url: str) -> None:
    hooks.issue(url, by=by, now=NOW)
    for number in range(AN_HOUR_MAX):
        hooks.test(url, by=by, now=NOW + number * MINUTE)
    with pytest.raises(NotTried):
        hooks.test(url, by=by, now=NOW + 10 * MINUTE)


@pytest.mark.parametrize("url", ["http://a.jp/", "https://me:pw@a.jp/", "https://a.jp:22/", "a.jp"])
def test_what_cannot_be_a_webhook_is_said_in_words(url: str) -> None:
    with pytest.raises(BadAddress):
        hooks.clean_url(url)
