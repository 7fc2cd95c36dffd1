"""The program `noroshi remove-factors`: for somebody who lost phone, keys and recovery codes."""

import argparse
import sys

from django.db import transaction
from django.utils import timezone

from noroshi.tenants import factors
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import User


def main() -> None:
    """Take all second factors of one person away, with the reason in the audit log."""
    parser = argparse.ArgumentParser(prog="noroshi remove-factors")
    parser.add_argument("login", help="the user id")
    parser.add_argument("--reason", required=True, help="how the person was identified")
    asked = parser.parse_args()
    user = User.objects.filter(login=asked.login).first()
    if user is None:
        raise SystemExit(f"noroshi: nobody has the user id {asked.login!r}.")
    with transaction.atomic():
        count = factors.remove_all(
            user, by=Actor(None, None), reason=asked.reason, now=timezone.now()
        )
    if not count:
        raise SystemExit(f"noroshi: {asked.login!r} has no second factor.")
    sys.stdout.write(f"{count} second factors of {asked.login} are gone; all sessions ended.\n")


if __name__ == "__main__":
    main()
