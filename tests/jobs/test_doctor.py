"""`noroshi doctor mail`: what the world sees of our mails, judged by a made-up world."""

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from noroshi.jobs import doctor
from noroshi.jobs.doctoring import mail, spf
from noroshi.jobs.doctoring.dns import NotAnswered
from noroshi.jobs.doctoring.findings import Finding
from noroshi.jobs.doctoring.mail import Wanted, organisation
from noroshi.outbox.send import Probe, Server, probe, server_of

KEY = "v=DKIM1; k=rsa; p=MIIB"
GOOD_WORLD = {
    "example.jp": ["v=spf1 ip4:192.0.2.0/24 -all", "something else"],
    "back.example.jp": ["v=spf1 mx -all"],
    "n1._domainkey.example.jp": ["v=DKIM1; k=rsa; p=MI IB"],
    "_dmarc.example.jp": ["v=DMARC1; p=quarantine"],
}


@dataclass
class World:
    """Names as a test wants them."""

    of_texts: Mapping[str, list[str]] = field(default_factory=lambda: GOOD_WORLD)
    of_hosts: Mapping[str, list[str]] = field(
        default_factory=lambda: {"back.example.jp": ["mx.example.jp"]}
    )
    of_addresses: Mapping[str, list[str]] = field(
        default_factory=lambda: {"mx.example.jp": ["192.0.2.7", "2001:db8::7"]}
    )
    of_names: Mapping[str, str] = field(default_factory=lambda: {"192.0.2.7": "mx.example.jp"})
    silent: str = ""

    def texts(self, name: str) -> list[str]:
        if name == self.silent:
            raise NotAnswered(f"{name} TXT: Timeout")
        return self.of_texts.get(name, [])

    def hosts(self, name: str) -> list[str]:
        return self.of_hosts.get(name, [])

    def addresses(self, name: str) -> list[str]:
        return self.of_addresses.get(name, [])

    def name_of(self, address: str) -> str:
        return self.of_names.get(address, "")


def wanted(**fields: str) -> Wanted:
    plain = {
        "domain": "example.jp", "back": "back.example.jp", "selector": "n1", "record": KEY,
        "ip": "192.0.2.7",
    }  # fmt: skip
    return Wanted(**(plain | fields))


def states(found: list[Finding]) -> dict[str, str]:
    return {one.what: one.state for one in found}


def test_a_world_in_order_is_in_order() -> None:
    assert set(states(mail.findings(wanted(), World())).values()) == {"ok"}


@pytest.mark.parametrize(
    ("changed", "what", "state", "words"),
    [
        ({"example.jp": []}, "SPF of example.jp", "BAD", 'TXT "v=spf1'),
        ({"example.jp": ["v=spf1 -all"] * 2}, "SPF of example.jp", "BAD", "keep one"),
        ({"example.jp": ["v=spf1 ip4:198.51.100.1 -all"]}, "SPF of example.jp", "BAD", "ip4:192"),
        ({"back.example.jp": []}, "SPF of back.example.jp", "BAD", "back.example.jp. TXT"),
        ({"n1._domainkey.example.jp": []}, "DKIM", "BAD", f'TXT "{KEY}"'),
        ({"n1._domainkey.example.jp": ["v=DKIM1; p=other"]}, "DKIM", "BAD", f'TXT "{KEY}"'),
        ({"_dmarc.example.jp": []}, "DMARC", "BAD", "_dmarc.example.jp. TXT"),
        ({"_dmarc.example.jp": ["v=DMARC1; p=none"]}, "DMARC", "weak", "p=quarantine"),
        ({"_dmarc.example.jp": ["v=DMARC1; p=none"] * 2}, "DMARC", "BAD", "keep one"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    changed: dict[str, list[str]], what: str, state: str, words: str
) -> None:
    found = mail.findings(wanted(), World(of_texts=GOOD_WORLD | changed))
    assert states(found)[what] == state
    (one,) = [one for one in found if one.what == what]
    assert words in one.remedy
    assert [other.state for other in found if other.what != what] == ["ok"] * (len(found) - 1)


def test_a_way_back_without_mx_loses_bounces() -> None:
    found = mail.findings(wanted(), World(of_hosts={}))
    assert states(found)["way back"] == "BAD"
    unset = mail.findings(wanted(back=""), World())
    assert states(unset)["way back"] == "weak"
    strange = mail.findings(wanted(back="back.example.com"), World())
    assert "two organisations" in "\n".join(map(str, strange))


def test_an_address_without_a_name_of_its_own_is_told() -> None:
    assert states(mail.findings(wanted(), World(of_names={})))["reverse DNS"] == "BAD"
    assert states(mail.findings(wanted(), World(of_addresses={})))["reverse DNS"] == "BAD"
    assert "reverse DNS" not in states(mail.findings(wanted(ip=""), World()))


def test_a_name_server_that_is_silent_is_no_verdict_on_the_record() -> None:
    found = mail.findings(wanted(), World(silent="_dmarc.example.jp"))
    (one,) = [one for one in found if one.state == "BAD"]
    assert one.what == "DMARC"
    assert "no name server answered" in one.seen


@pytest.mark.parametrize("domain", ["localhost", "localhost.localdomain", "x.test", ""])
def test_a_sender_of_no_domain_is_the_first_thing_to_mend(domain: str) -> None:
    (one,) = mail.findings(wanted(domain=domain), World())
    assert one.state == "BAD"
    assert "NOROSHI_MAIL_FROM" in one.remedy


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 ip4:192.0.2.7 -all", spf.PASS),
        ("v=spf1 ip4:192.0.2.0/24 ~all", spf.PASS),
        ("v=spf1 ip4:192.0.2.8 ~all", spf.SOFT),
        ("v=spf1 -all", spf.FAIL),
        ("v=spf1", spf.NEUTRAL),
        ("v=spf1 a:mx.example.jp -all", spf.PASS),
        ("v=spf1 a:mx.example.jp/24 -all", spf.PASS),
        ("v=spf1 mx:back.example.jp -all", spf.PASS),
        ("v=spf1 include:back.example.jp -all", spf.PASS),
        ("v=spf1 include:nothing.example.jp -all", spf.FAIL),
        ("v=spf1 redirect=back.example.jp", spf.PASS),
        ("v=spf1 -ip4:192.0.2.7 +all", spf.FAIL),
        ("v=spf1 exp=why.example.jp ip4:not-an-address ?all", spf.NEUTRAL),
        ("V=SPF1 IP4:192.0.2.7 -ALL", spf.PASS),
    ],
)
def test_spf_is_read_as_receivers_read_it(record: str, result: str) -> None:
    world = World(of_texts=GOOD_WORLD | {"x.example.jp": [record]})
    assert spf.result(world, "x.example.jp", "192.0.2.7") == result


def test_spf_that_asks_too_much_is_broken() -> None:
    world = World(of_texts={"example.jp": ["v=spf1 include:example.jp -all"]})
    with pytest.raises(spf.TooMany):
        spf.result(world, "example.jp", "192.0.2.7")
    assert states(mail.findings(wanted(), world))["SPF of example.jp"] == "BAD"


def test_spf_of_an_address_of_the_sixth_version() -> None:
    world = World(of_texts={"example.jp": ["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"]})
    assert spf.result(world, "example.jp", "2001:db8::7") == spf.PASS


@pytest.mark.parametrize(
    ("domain", "registered"),
    [
        ("example.jp", "example.jp"),
        ("back.example.jp", "example.jp"),
        ("a.example.co.jp", "example.co.jp"),
        ("co.jp", "co.jp"),
        ("mail.example.com", "example.com"),
    ],
)
def test_the_organisation_of_a_domain(domain: str, registered: str) -> None:
    assert organisation(domain) == registered


@pytest.mark.parametrize(
    ("host", "found", "state"),
    [
        ("mx.example.jp", Probe(is_reached=True, tls="TLSv1.3", said=""), "ok"),
        ("mx.example.jp", Probe(is_reached=True, tls="", said=""), "BAD"),
        ("127.0.0.1", Probe(is_reached=True, tls="", said=""), "ok"),
        ("mx.example.jp", Probe(is_reached=False, tls="", said="535 no"), "BAD"),
    ],
)
def test_the_mail_server_must_be_there_and_guarded(host: str, found: Probe, state: str) -> None:
    assert mail.server_finding(Server(host, 587), found).state == state


def test_a_server_is_greeted_and_no_mail_is_sent(serve: Callable[[bytes], str]) -> None:
    heard = probe(server_of(serve(b"220 here\r\n250 here\r\n221 bye\r\n")))
    assert heard == Probe(is_reached=True, tls="", said="")
    refused = probe(server_of(serve(b"554 5.7.1 not you\r\n")))
    assert refused == Probe(is_reached=False, tls="", said="554 5.7.1 not you")


def test_the_program_prints_each_finding_and_ends_with_1_when_one_is_wrong(
    settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MAIL_FROM, settings.RETURN_DOMAIN = "noroshi@example.jp", "back.example.jp"
    monkeypatch.setattr(doctor, "Internet", World)
    monkeypatch.setattr(doctor, "probe", lambda _: Probe(is_reached=True, tls="TLSv1.3", said=""))
    assert doctor.main(["mail"]) == 0
    told = capsys.readouterr().out
    assert "weak DKIM: Noroshi signs nothing" in told
    assert told.endswith("noroshi doctor mail: 0 wrong of 6\n")
    settings.RETURN_DOMAIN = "elsewhere.example.jp"
    assert doctor.main(["mail", "--ip", "192.0.2.7"]) == 1
    told = capsys.readouterr().out
    assert "BAD  way back: elsewhere.example.jp has no MX" in told
    assert "     do: publish  elsewhere.example.jp. MX" in told


@pytest.fixture
def serve() -> Callable[[bytes], str]:
    """A server that says these lines, one for each that it hears; gives its address."""

    def start(said: bytes) -> str:
        port = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            line, _ = port.accept()
            with line, port:
                for one in said.splitlines(keepends=True):
                    line.sendall(one)
                    if not line.recv(1000):
                        return

        threading.Thread(target=run, daemon=True).start()
        return f"smtp://127.0.0.1:{port.getsockname()[1]}"

    return start
