"""Signed codes in our own mail addresses: which message a bounce or an answer is about."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings

BOUNCE, ANSWER = "b", "a"  # in the envelope's sender; in Reply-To
MAC_BYTES = 10
PURPOSE = b"noroshi mail address\0"

_CODE = re.compile(r"([ba])-([0-9a-z]{1,13})-([a-z2-7]{16})")


@dataclass(frozen=True, slots=True)
class Code:
    """What an address of ours says: BOUNCE or ANSWER, about the message of this number."""

    way: str
    message: int


def address(way: str, message: int) -> str:
    """Our address for what comes back about a message; empty where nothing comes back."""
    domain = settings.RETURN_DOMAIN
    if not domain:
        return ""
    number = _base36(message)
    return f"{way}-{number}-{_mac(settings.SECRET_KEY, way, number)}@{domain}"


def read(local: str) -> Code | None:
    """The code in the part before the @, whatever its case; None unless one of our keys made it.

    Keys that were ours before still open what they signed.
    """
    found = _CODE.fullmatch(local.lower())
    if found is None:
        return None
    way, number, mac = found.groups()
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(mac, _mac(key, way, number)) for key in keys):
        return None
    return Code(way, int(number, 36))


def _mac(secret: str, way: str, number: str) -> str:
    digest = hmac.digest(_key(secret), f"{way}-{number}".encode(), "sha256")
    return base64.b32encode(digest[:MAC_BYTES]).decode().lower()


@cache
def _key(secret: str) -> bytes:
    return hashlib.sha256(PURPOSE + secret.encode()).digest()


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
