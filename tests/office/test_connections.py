"""Connections: the secret address is shown once; the instructions always."""

import hashlib
import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from noroshi.inbox.models import Connection
from noroshi.networks import registry
from noroshi.networks.uplink import Arrival
from noroshi.office.instructions import instructions
from noroshi.tenants.models import AuditEntry
from tests.office.conftest import House

ADDRESS = re.compile(r"/in/([A-Za-z0-9_-]{32})\b")


def typed(**changes: object) -> dict[str, object]:
    return {"name": "新しい接続", "kind": "json", "factor": "", "settings": ""} | changes


def make(office: Client, **changes: object) -> tuple[Connection, str]:
    """A connection made through the form, and the page that followed."""
    answer = office.post(reverse("office-connection-new"), typed(**changes))
    assert answer.status_code == 200
    assert "no-store" in answer["cache-control"]
    return Connection.objects.get(name="新しい接続"), answer.content.decode()


def test_the_address_is_shown_once(house: House, office: Client) -> None:
    made, page = make(office)
    tokens = set(ADDRESS.findall(page))
    assert len(tokens) == 1
    token = tokens.pop()
    assert bytes(made.token_hash) == hashlib.sha256(token.encode()).digest()
    for name in ("office-connection-set-up", "office-connection"):
        later = office.get(reverse(name, args=[made.pk])).content.decode()
        assert token not in later
    later = office.get(reverse("office-connection-set-up", args=[made.pk])).content.decode()
    assert "/in/&lt;token&gt;" in later
    assert token not in str(dict(office.session))
    again = office.post(reverse("office-connection-new"), typed()).content.decode()
    assert "この名前の接続はすでにあります。" in again


def test_a_renewed_address_is_another_one_and_is_shown_once(house: House, office: Client) -> None:
    made, page = make(office)
    old = ADDRESS.findall(page)[0]
    url = reverse("office-connection-renew", args=[made.pk])
    assert office.get(url).status_code == 405
    new = ADDRESS.findall(office.post(url).content.decode())[0]
    assert new != old
    made.refresh_from_db()
    assert bytes(made.token_hash) == hashlib.sha256(new.encode()).digest()
    assert AuditEntry.objects.filter(action="connection.token_renewed", user=house.staff).exists()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("sigfox", ["/uplink", "/bidir", "/advanced", "{seqNumber}", "Send SNI"]),
        ("chirpstack", ["Event endpoint URL(s)", "Payload encoding"]),
        ("tts", ["Base URL", "Webhook format"]),
        ("json", ["curl -X POST", "payload_encoding"]),
    ],
)
def test_each_network_has_its_instructions(
    kind: str, words: list[str], house: House, office: Client
) -> None:
    _made, page = make(office, kind=kind)
    for word in words:
        assert word in page


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"id": "device.id", "time": "ts", "payload": "data", "payload_encoding": "base64"},
        {"fields": {"t": "values.t", "h": "values.h"}, "space": "lorawan"},
        {"space": "sigfox", "payload_encoding": "text"},
    ],
)
def test_the_example_of_a_connection_is_read_by_its_adapter(
    settings: dict[str, object], house: House
) -> None:
    made = Connection(kind="json", settings=settings)
    how = instructions(made)
    arrival = Arrival(1, house.now, "", "application/json", "", how.example.encode(), settings)
    (uplink,) = registry.parse("json", arrival)
    assert uplink.address in {"pump-1", "A84041FFFF123456", "1F13FC2"}
    assert uplink.payload  # type: ignore[union-attr]
    assert uplink.decoded  # type: ignore[union-attr]


def test_the_sigfox_templates_are_read_by_the_adapter_once_filled(house: House) -> None:
    filled = {
        "device": "1F13FC2",
        "time": str(int(house.now.timestamp())),
        "data": "01ff",
        "ack": "true",
        "longPolling": "false",
        "computedLocation": '{"lat":35.5,"lng":139.5,"radius":8500,"source":2,"status":1}',
    }
    for callback in instructions(Connection(kind="sigfox", settings={})).callbacks:
        body = re.sub(r"\{(\w+)\}", lambda found: filled.get(found[1], "3"), callback.body)
        json.loads(body)
        arrival = Arrival(1, house.now, callback.kind, "application/json", "", body.encode(), {})
        (message,) = registry.parse("sigfox", arrival)
        assert message.address == "1F13FC2"


def test_basic_authorisation_is_kept_as_the_header_it_will_come_in(
    house: House, office: Client
) -> None:
    made, page = make(office, factor="basic", basic_user="noroshi", secret="p" * 16)
    shown = b"Basic bm9yb3NoaTpwcHBwcHBwcHBwcHBwcHBw"
    assert bytes(made.factor_hash or b"") == hashlib.sha256(shown).digest()
    assert "Authorization" in page


def test_an_empty_secret_keeps_the_old_one(house: House, office: Client) -> None:
    made, _page = make(office, factor="header", header_name="X-Key", secret="s" * 16)
    url = reverse("office-connection", args=[made.pk])
    change = typed(name="改名", factor="header", header_name="X-Key", secret="")
    assert office.post(url, change).status_code == 302
    made.refresh_from_db()
    assert made.name == "改名"
    assert bytes(made.factor_hash or b"") == hashlib.sha256(b"s" * 16).digest()
    other = office.post(url, typed(name="改名", factor="basic", basic_user="u")).content.decode()
    assert "送信側が示す値を決めてください。" in other


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "aria-invalid"),
        ({"kind": "no"}, "aria-invalid"),
        ({"factor": "header", "header_name": "日本", "secret": "s" * 16}, "ヘッダー名を"),
        ({"factor": "header", "header_name": "X-Key", "secret": "short"}, "16文字以上"),
        ({"factor": "basic", "secret": "s" * 16}, "利用者名を書いてください"),
        ({"settings": "{"}, "JSON として読めません"),
        ({"settings": "[" * 100_000}, "aria-invalid"),
        ({"settings": "[]"}, "{ } で囲んだ JSON"),
        ({"settings": '{"ids": "x"}'}, "この種類にない設定です：ids"),
        ({"settings": '{"space": "mars"}'}, "space は generic, lorawan, sigfox"),
        ({"settings": '{"id": 7}'}, "id の値は文字にしてください"),
        ({"settings": '{"fields": {"t": 1}}'}, "項目の場所を示す文字"),
        ({"kind": "tts", "settings": '{"id": "x"}'}, "この種類にない設定です：id"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    changes: dict[str, object], words: str, house: House, office: Client
) -> None:
    said = office.post(reverse("office-connection-new"), typed(**changes)).content.decode()
    assert words in said
    assert "保存していません。" in said
    assert Connection.objects.count() == 1


def test_a_connection_is_closed_and_opened_again(house: House, office: Client) -> None:
    url = reverse("office-connection-open", args=[house.connection.pk])
    for is_open in ("0", "1"):
        office.post(url, {"open": is_open})
        house.connection.refresh_from_db()
        assert house.connection.is_open == (is_open == "1")
