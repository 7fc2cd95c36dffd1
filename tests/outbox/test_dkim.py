"""Signatures that another library finds good, and that break when anything is changed."""

from datetime import UTC, datetime
from typing import Any

import dkim as verifier
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from noroshi.outbox.dkim import Signer, record_of, signer
from noroshi.outbox.due import Sender
from noroshi.outbox.mime import Mail, to_bytes

RSA = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120)


def mail(**fields: Any) -> bytes:
    plain: dict[str, Any] = {
        "sender_name": "のろし", "sender": "noroshi@example.jp", "address": "aki@example.jp",
        "subject": "【警報】冷蔵庫A", "body": "温度が上限を超えました。\n",
        "message_id": "i.opened.r@example.jp", "thread_id": "j@example.jp", "language": "ja",
        "reply_to": "a-1-x@back.example.jp", "stop_link": "https://example.jp/wanted/x/",
    }  # fmt: skip
    return to_bytes(Mail(**(plain | fields), written_at=datetime(2026, 11, 22, 1, 15, tzinfo=UTC)))


def is_good(signed: bytes) -> bool:
    def record(name: bytes, **_more: object) -> bytes:
        assert name == b"n1._domainkey.example.jp."
        return record_of(RSA).encode()

    return bool(verifier.verify(signed, dnsfunc=record))


def pem(key: Any) -> str:
    octets: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets.decode()


@pytest.mark.parametrize("charset", ["utf-8", "iso-2022-jp"])
@pytest.mark.parametrize("body", ["", "\n", "a  b \t\n\n\n", "終わり", ".\n..\n"])
def test_another_library_finds_the_signature_good(charset: str, body: str) -> None:
    signed = Signer("example.jp", "n1", RSA).sign(mail(body=body, charset=charset))
    assert is_good(signed)
    assert all(len(line) <= 200 for line in signed.split(b"\r\n"))


@given(TEXTS, LINES, st.sampled_from(["utf-8", "iso-2022-jp"]))
def test_whatever_a_mail_says_its_signature_is_good(body: str, subject: str, charset: str) -> None:
    signed = Signer("example.jp", "n1", RSA).sign(mail(body=body, subject=subject, charset=charset))
    assert is_good(signed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"To: aki@", b"To: eve@"),
        (b"\r\nFrom: ", b"\r\nFrom: Eve <eve@example.com>\r\nFrom: "),
        (b"/wanted/x/", b"/wanted/y/"),
        (b"a-1-x@", b"a-2-x@"),
        (b"Message-ID: <i.", b"Message-ID: <j."),
        (b"base64\r\n\r\n", b"base64\r\n\r\nAAAA\r\n"),
    ],
)
def test_a_changed_mail_is_found_out(old: bytes, new: bytes) -> None:
    signed = Signer("example.jp", "n1", RSA).sign(mail())
    assert old in signed
    assert not is_good(signed.replace(old, new, 1))


def test_a_mail_that_is_sent_again_has_the_same_bytes() -> None:
    one = Signer("example.jp", "n1", RSA)
    assert one.sign(mail()) == one.sign(mail())


def test_the_settings_make_the_signer(settings: Any) -> None:
    settings.MAIL_FROM = "のろし <noroshi@example.jp>"
    settings.DKIM_SELECTOR, settings.DKIM_KEY = "n1", pem(RSA)
    made = signer()
    assert made is not None
    assert (made.domain, made.selector) == ("example.jp", "n1")
    assert is_good(made.sign(mail()))
    settings.DKIM_SELECTOR, settings.DKIM_KEY = "", ""
    assert signer() is None


@pytest.mark.parametrize(
    ("selector", "key", "words"),
    [
        ("n1", "", "belong together"),
        ("", "x", "belong together"),
        ("n1", "no key", "no private key"),
        ("n1", pem(SHORT), "2048 bits"),
        ("n1", pem(ec.generate_private_key(ec.SECP256R1())), "2048 bits"),
    ],
)
def test_a_key_that_cannot_be_used_ends_the_sender_with_one_line(
    settings: Any, selector: str, key: str, words: str
) -> None:
    settings.MAIL_FROM = "noroshi@example.jp"
    settings.DKIM_SELECTOR, settings.DKIM_KEY = selector, key
    with pytest.raises(SystemExit, match=words) as told:
        Sender()
    assert len(str(told.value).splitlines()) == 1
    assert not key or key not in str(told.value)
