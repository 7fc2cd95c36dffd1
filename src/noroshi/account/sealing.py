"""Keep the secrets of second factors unreadable in the database and its backups."""

from django.conf import settings

from noroshi.base.sealing import Sealer, Unreadable

__all__ = ["Unreadable", "seal", "unseal"]

PURPOSE = b"noroshi second factors v1\0"


def seal(text: str) -> str:
    """Encrypt under the present secret key."""
    return _sealer().seal(text)


def unseal(sealed: str) -> str:
    """What `seal` was given, under the present or an older secret key; else Unreadable."""
    return _sealer().unseal(sealed)


def _sealer() -> Sealer:
    return Sealer(PURPOSE, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
