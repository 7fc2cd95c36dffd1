"""The secrets of webhooks, and the signatures made with them (Standard Webhooks)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from django.conf import settings

from noroshi.base.sealing import Sealer

PURPOSE = b"noroshi webhook secrets v1\0"
PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """`whsec_` and random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str) -> str:
    """As it stands in the database."""
    return _sealer().seal(secret)


def unseal(sealed: str) -> str:
    """What `seal` was given. Raises Unreadable."""
    return _sealer().unseal(sealed)


def id_of(message_id: str) -> str:
    """The webhook-id of a message: the same at every try, and without a full stop."""
    return "msg_" + hashlib.blake2b(message_id.encode(), digest_size=16).hexdigest()


def headers_of(
    webhook_id: str, timestamp: int, body: bytes, known: Sequence[str]
) -> dict[str, str]:
    """The three headers; `timestamp` in seconds since 1970; one signature for each secret."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_sign(secret, signed)}" for secret in known),
    }


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _sealer() -> Sealer:
    return Sealer(PURPOSE, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
