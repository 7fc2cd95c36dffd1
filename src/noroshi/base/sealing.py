"""Keep secrets that must be read again unreadable in the database and its backups."""

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unreadable(Exception):
    """A sealed secret fits none of the keys: the secret key was changed without keeping the old."""


class Sealer:
    """Seals under the first of the secret keys, opens under any; each purpose has its own keys."""

    def __init__(self, purpose: bytes, secret_keys: Sequence[str]) -> None:
        """`purpose` ends with a NUL, so that none is the beginning of another."""
        self._box = MultiFernet([Fernet(_key(purpose, key)) for key in secret_keys])

    def seal(self, text: str) -> str:
        """Encrypt."""
        return self._box.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """What `seal` was given. Raises Unreadable."""
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unreadable("no secret key opens it") from error


def _key(purpose: bytes, secret: str) -> bytes:
    digest = hashlib.blake2b(purpose + secret.encode(), digest_size=32).digest()
    return base64.urlsafe_b64encode(digest)
