"""The phone of a person: an authenticator app as RFC 6238 describes it."""

import base64
import hashlib
import hmac
import re
import struct
import time

from noroshi.jobs.smoking.page import Page
from noroshi.jobs.smoking.person import Person
from noroshi.jobs.smoking.report import CheckFailed

PERIOD_S = 30
SECRET = re.compile(r"\b[A-Z2-7]{32}\b")
SHOWN = re.compile(r"デモの確認コード:\s*(\d{6})")


def set_up_app(person: Person) -> Page:
    """Set the app up with the secret on the page, put the recovery codes away, and go home."""
    page = person.get("/account/app/")
    secret = SECRET.search(page.text)
    if secret is None:
        raise CheckFailed(f"{page.url} shows no secret for the app")
    person.send(page, {"code": code(secret[0], time.time())})
    return person.get("/")


def code(secret: str, at: float) -> str:
    """The six digits of this moment (epoch seconds)."""
    counter = struct.pack(">Q", int(at) // PERIOD_S)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
