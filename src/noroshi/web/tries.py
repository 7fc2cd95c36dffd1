"""Count the tries to sign in, so that nobody can guess passwords for long."""

import hashlib

from django.core.cache import cache
from django.http import HttpRequest

TRIES_MAX = 10
WINDOW_S = 5 * 60


def one_more(request: HttpRequest, login: str) -> bool:
    """Count a try of this address for this login; False when it is one too many."""
    key = key_of(request, login)
    cache.add(key, 0, timeout=WINDOW_S)
    try:
        return cache.incr(key) <= TRIES_MAX
    except ValueError:  # the window ended between the two questions: a new one begins
        cache.set(key, 1, timeout=WINDOW_S)
        return True


def forget(request: HttpRequest, login: str) -> None:
    """The right password was given: earlier slips are forgiven."""
    cache.delete(key_of(request, login))


def key_of(request: HttpRequest, login: str) -> str:
    """One counter an address and login, whatever was typed."""
    who = f"{request.META.get('REMOTE_ADDR', '')}\0{login.strip().casefold()}"
    return f"sign-in:{hashlib.sha256(who.encode(errors='replace')).hexdigest()}"
