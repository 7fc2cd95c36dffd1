"""The program `noroshi add-staff`: the first accounts of the provider's office."""

import argparse
import sys
from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from noroshi.tenants import accounts
from noroshi.tenants.accounts import AccountRefusal, NewAccount
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import IssuedCredential, StaffRole, User

Way = IssuedCredential.Way


def main(told: Sequence[str] | None = None) -> None:
    """Issue a user id of the office, an administrator's unless told otherwise.

    Whoever gets it chooses the password alone.
    """
    parser = argparse.ArgumentParser(prog="noroshi add-staff")
    parser.add_argument("login", help="user id, for example admin")
    parser.add_argument("--name", default="", help="the person's name")
    parser.add_argument(
        "--role",
        action="append",
        choices=StaffRole.values,
        help="admin unless given; may be given several times",
    )
    parser.add_argument(
        "--make-password",
        action="store_true",
        help="print an initial password, to be changed at once, instead of a link",
    )
    asked = parser.parse_args(told)
    new = NewAccount(
        name=asked.name or asked.login,
        kind=User.Kind.STAFF,
        staff_roles=tuple(sorted(set(asked.role or [StaffRole.ADMIN]))),
        login=asked.login,
    )
    way = Way.LETTER if asked.make_password else Way.LINK
    try:
        with translation.override("en"):
            handed = accounts.issue(new, way=way, by=Actor(None, None), now=timezone.now())
    except AccountRefusal as refusal:
        raise SystemExit(f"noroshi: {refusal}") from None
    if asked.make_password:
        sys.stdout.write(f"{handed.secret}\n")
        return
    path = reverse("first-link", args=[handed.secret])
    sys.stdout.write(
        f"Open this once, within 14 days, to choose the password of {handed.user.login}:\n"
        f"{settings.BASE_URL}{path}\n"
    )


if __name__ == "__main__":
    main()
