"""The program `noroshi add-staff`: the first account of the provider's office."""

import argparse
import getpass
import secrets
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from noroshi.tenants.models import StaffRole, User

PASSWORD_BYTES = 15


def main() -> None:
    """Make an administrator of the office; the password is asked for, or made and shown once."""
    parser = argparse.ArgumentParser(prog="noroshi add-staff")
    parser.add_argument("login", help="user id, for example admin")
    parser.add_argument("--name", default="", help="the person's name")
    parser.add_argument("--make-password", action="store_true", help="make one and print it")
    asked = parser.parse_args()
    if User.objects.filter(login=asked.login).exists():
        raise SystemExit(f"noroshi: the user {asked.login!r} is there already.")
    password = (
        secrets.token_urlsafe(PASSWORD_BYTES)
        if asked.make_password
        else getpass.getpass(f"Password for {asked.login}: ")
    )
    try:
        validate_password(password, User(login=asked.login, name=asked.name))
    except ValidationError as error:
        raise SystemExit("noroshi: " + " ".join(error.messages)) from None
    User.objects.create_staff(
        asked.login, password, StaffRole.ADMIN, name=asked.name or asked.login
    )
    if asked.make_password:
        sys.stdout.write(f"{password}\n")


if __name__ == "__main__":
    main()
