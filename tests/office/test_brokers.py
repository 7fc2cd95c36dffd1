"""Connections over MQTT: what is typed is kept, the password never shown, a trial tells plainly."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from noroshi.base.models import Pulse
from noroshi.inbox.brokers import password_of
from noroshi.inbox.models import Broker, Connection, Listening
from noroshi.office.brokers import say
from noroshi.office.forms.broker import is_filter
from noroshi.tenants.models import AuditEntry
from tests.listen.broker import TestBroker
from tests.listen.conftest import running
from tests.office.conftest import House

PASSWORD = "correct horse"


def typed(**changes: object) -> dict[str, object]:
    return {
        "name": "新しい接続",
        "kind": "chirpstack",
        "host": "127.0.0.1",
        "port": 1883,
        "ca": "",
        "version": "5",
        "user": "noroshi",
        "password": PASSWORD,
        "client_id": "noroshi-1",
        "topics": "application/+/device/+/event/+\n",
        "settings": "",
    } | changes


def make(office: Client, **changes: object) -> Connection:
    """A connection made through the form."""
    answer = office.post(reverse("office-broker-new"), typed(**changes))
    assert answer.status_code == 302, answer.content.decode()
    return Connection.objects.get(name="新しい接続")


def test_the_password_is_kept_sealed_and_never_shown(house: House, office: Client) -> None:
    made = make(office)
    assert PASSWORD not in made.broker.sealed_password
    assert password_of(made.broker) == PASSWORD
    for name in ("office-broker", "office-connections"):
        args = [made.pk] if name == "office-broker" else []
        page = office.get(reverse(name, args=args)).content.decode()
        assert PASSWORD not in page
        assert made.broker.sealed_password not in page
        assert "127.0.0.1" in page
    wrong = office.post(reverse("office-broker-new"), typed(port=0)).content.decode()
    assert PASSWORD not in wrong
    assert AuditEntry.objects.filter(action="connection.made", user=house.staff).exists()
    assert not AuditEntry.objects.filter(details__icontains=PASSWORD).exists()


def test_an_empty_password_keeps_the_old_one_but_not_for_another_place(
    house: House, office: Client
) -> None:
    made = make(office)
    url = reverse("office-broker", args=[made.pk])
    assert office.post(url, typed(password="", topics="a/#")).status_code == 302
    broker = Broker.objects.get(pk=made.pk)
    assert (password_of(broker), broker.topics) == (PASSWORD, ["a/#"])
    moved = office.post(url, typed(password="", host="other.example.jp")).content.decode()
    assert "パスワードをもう一度入れてください" in moved
    assert Broker.objects.get(pk=made.pk).host == "127.0.0.1"
    assert office.post(url, typed(password="", user="")).status_code == 302
    assert Broker.objects.get(pk=made.pk).sealed_password == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": "a b"}, "aria-invalid"),
        ({"port": 70000}, "aria-invalid"),
        ({"kind": "sigfox"}, "aria-invalid"),
        ({"ca": "no certificate"}, "PEM 形式の証明書"),
        ({"topics": "a/#/b"}, "トピックの書き方ではありません"),
        ({"topics": " \n "}, "aria-invalid"),
        ({"topics": "\n".join(f"a/{n}" for n in range(21))}, "20行まで"),
        ({"client_id": "a b"}, "aria-invalid"),
        ({"user": ""}, "利用者名が要ります"),
        ({"kind": "json", "settings": "{"}, "JSON として読めません"),
    ],
)
def test_what_cannot_work_is_told(
    changes: dict[str, object], words: str, house: House, office: Client
) -> None:
    page = office.post(reverse("office-broker-new"), typed(**changes)).content.decode()
    assert words in page
    assert not Connection.objects.filter(name="新しい接続").exists()


@pytest.mark.parametrize(
    ("topic", "is_good"),
    [("a/+/b", True), ("#", True), ("a/#", True), ("a+/b", False), ("a/#/b", False), ("a#", False)],
)
def test_topics_are_written_as_mqtt_takes_them(topic: str, is_good: bool) -> None:  # noqa: FBT001
    assert is_filter(topic) is is_good


def test_nobody_posts_to_a_connection_with_a_broker(house: House, office: Client) -> None:
    made = make(office)
    args = [made.pk]
    assert office.get(reverse("office-connection-set-up", args=args)).status_code == 404
    assert office.post(reverse("office-connection-renew", args=args)).status_code == 404
    there = office.get(reverse("office-connection", args=args))
    assert there["location"] == reverse("office-broker", args=args)
    other = reverse("office-broker", args=[house.connection.pk])
    assert office.get(other).status_code == 404


@pytest.mark.parametrize(
    ("state", "why", "words"),
    [
        ("listening", "", "受信中"),
        ("listening", "no_session", "前回の続きを覚えていません"),
        ("waiting", "login", "利用者名かパスワードが違います。"),
        ("waiting", "unreachable", "ブローカーに届きません"),
    ],
)
def test_the_page_tells_how_the_listener_fares(
    state: str, why: str, words: str, house: House, office: Client
) -> None:
    made = make(office)
    Pulse.objects.create(program="listen", instance="a", started_at=house.now, seen_at=house.now)
    Listening.objects.create(
        connection=made, state=state, why=why, detail="said over there", changed_at=house.now
    )
    page = office.get(reverse("office-broker", args=[made.pk])).content.decode()
    assert words in page
    assert "said over there" in page


def test_a_listener_that_does_not_run_is_told_of(house: House, office: Client) -> None:
    made = make(office)
    page = office.get(reverse("office-broker", args=[made.pk])).content.decode()
    assert "noroshi listen が動いていません" in page


def tried(office: Client, made: Connection) -> str:
    """The page after a trial."""
    return office.post(reverse("office-broker-try", args=[made.pk])).content.decode()


@contextmanager
def a_port_that_answers(data: bytes) -> Iterator[int]:
    """Something that listens and is no broker."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def answer() -> None:
            client, _ = door.accept()
            with client:
                client.recv(1000)
                client.sendall(data)
                client.recv(1000)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield door.getsockname()[1]
        thread.join(5)


def test_a_trial_of_what_is_no_broker_says_so(house: House, office: Client) -> None:
    made = make(office, port=1)
    assert say("unreachable") in tried(office, made)
    with a_port_that_answers(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        Broker.objects.filter(pk=made.pk).update(port=port)
        assert say("not_mqtt") in tried(office, made)
    with a_port_that_answers(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        Broker.objects.filter(pk=made.pk).update(port=port, is_tls=True)
        assert say("tls") in tried(office, made)
    Broker.objects.filter(pk=made.pk).update(sealed_password="sealed under another key")
    assert say("no_key") in tried(office, made)


def test_a_trial_with_a_broker_tells_whether_it_lets_us_in(
    house: House, office: Client, tmp_path: Path
) -> None:
    with running(TestBroker(tmp_path / "broker")) as broker:
        made = make(office, port=broker.port)
        assert "つながりました。トピックの購読もできます。" in tried(office, made)
        log = (broker.folder / "mosquitto.log").read_text()
        assert "as noroshi-1-try-" in log
    assert say("unreachable") in tried(office, made)
