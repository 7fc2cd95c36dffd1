"""Keep the secrets of second factors unreadable in the database and its backups."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PURPOSE = b"noroshi second factors v1\0"


class Unreadable(Exception):
    """A sealed secret fits none of the keys: the secret key was changed without keeping the old."""


def seal(text: str) -> str:
    """Encrypt under the present secret key."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What `seal` was given, under the present or an older secret key; else Unreadable."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("no secret key opens it") from error


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(secret: str) -> bytes:
    digest = hashlib.blake2b(PURPOSE + secret.encode(), digest_size=32).digest()
    return base64.urlsafe_b64encode(digest)
