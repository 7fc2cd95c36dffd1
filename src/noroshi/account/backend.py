"""The one place where a password is compared, for every way in."""

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from noroshi.account import tries
from noroshi.tenants.models import User


class Passwords(ModelBackend):
    """Django's own, which takes as long for an unknown id; but an id's tries come to an end."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_others: object,
    ) -> User | None:
        """The person, or None. PermissionDenied when the id takes no more passwords."""
        if request is None or username is None or password is None:
            return None
        if tries.is_spent(request, username):
            # Nothing was compared, so nothing is counted; lock.py finds the words.
            request.axes_locked_out = request.id_is_spent = True  # type: ignore[attr-defined]
            raise PermissionDenied
        return super().authenticate(request, username, password)
