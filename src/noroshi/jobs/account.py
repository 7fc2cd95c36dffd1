"""The program `noroshi account`: issue, reset, stop, start and close user ids from a terminal."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone, translation

from noroshi.base.papers import PaperError
from noroshi.contracts.effective import limits_of
from noroshi.outbox.handed import Given, give
from noroshi.tenants import accounts, register
from noroshi.tenants.accounts import AccountRefusal
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Enrolment, IssuedCredential, Membership, Tenant, User
from noroshi.tenants.register import NewEnrolment, RegisterRefusal

Way = IssuedCredential.Way
VERBS = {"stop": accounts.stop, "start": accounts.start, "close": accounts.close}


def main(told: Sequence[str] | None = None) -> None:
    """Do one thing to one account; a refusal ends the program with one clear line."""
    asked = arguments().parse_args(told)
    now = timezone.now()
    try:
        with transaction.atomic(), translation.override("en"):
            asked.act(asked, now)
    except (AccountRefusal, RegisterRefusal, PaperError) as refusal:
        raise SystemExit(f"noroshi: {refusal}") from None


def arguments() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(prog="noroshi account")
    verbs = parser.add_subparsers(required=True, metavar="issue|reset|stop|start|close")
    new = verbs.add_parser("issue", help="put a person on a contractor's register, with a user id")
    new.add_argument("tenant", help="the contractor's code, as in the office's address")
    new.add_argument("name", help="the person's name")
    new.add_argument("--email", default="", help="is told that the letter or page is ready")
    new.add_argument("--login", default="", help="the user id; made from a number when left out")
    new.add_argument("--role", choices=Membership.Role.values, default=Membership.Role.VIEWER)
    new.add_argument(
        "--affiliation",
        choices=Enrolment.Affiliation.values,
        default=Enrolment.Affiliation.EMPLOYEE,
    )
    new.set_defaults(act=issue)
    again = verbs.add_parser("reset", help="take the password away and hand over a new beginning")
    again.add_argument("login", help="the user id")
    again.set_defaults(act=reset)
    for one in (new, again):
        ways = one.add_mutually_exclusive_group(required=True)
        ways.add_argument("--letter", type=Path, metavar="FILE", help="write the letter (PDF) here")
        ways.add_argument("--link", action="store_true", help="print a link that opens once")
    for name, words in (
        ("stop", "let nobody in for the time being"),
        ("start", "open it again"),
        ("close", "end it for good"),
    ):
        verb = verbs.add_parser(name, help=words)
        verb.add_argument("login", help="the user id")
        verb.set_defaults(act=change, verb=name)
    return parser


def issue(asked: argparse.Namespace, now: datetime) -> None:
    """A new person on the register."""
    tenant = Tenant.objects.select_related("party").filter(code=asked.tenant).first()
    if tenant is None:
        raise SystemExit(f"noroshi: no contractor has the code {asked.tenant}")
    by = Actor(None, tenant)
    person = NewEnrolment(asked.name, asked.email, asked.affiliation, asked.role)
    line = register.name_user(tenant, person, limits_of(tenant.pk, japans_day(now)), by=by, now=now)
    handed = accounts.issue_for(line, way=way_of(asked), login=asked.login, by=by, now=now)
    hand_out(asked, give(handed, tenant, now=now))


def reset(asked: argparse.Namespace, now: datetime) -> None:
    """A new beginning for somebody who has a user id."""
    user = user_of(asked.login)
    tenant = tenant_of(user)
    handed = accounts.reissue(user, way=way_of(asked), by=Actor(None, tenant), now=now)
    hand_out(asked, give(handed, tenant, now=now))


def change(asked: argparse.Namespace, now: datetime) -> None:
    """Stop, start or close."""
    user = user_of(asked.login)
    VERBS[asked.verb](user, by=Actor(None, tenant_of(user)), now=now)
    user.refresh_from_db()
    sys.stdout.write(f"{user.login}: {user.state}\n")


def hand_out(asked: argparse.Namespace, given: Given) -> None:
    """Write the letter into a new file that only its owner reads, or print the link."""
    until = given.handed.credential.expires_at
    login = given.handed.user.login
    if not given.pdf:
        sys.stdout.write(f"{login}: opens once, until {until:%Y-%m-%d %H:%M} UTC\n{given.link}\n")
        return
    try:
        file = os.open(asked.letter, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SystemExit(f"noroshi: the letter cannot be written: {error}") from None
    with os.fdopen(file, "wb") as letter:
        letter.write(given.pdf)
    sys.stdout.write(f"{login}: valid until {until:%Y-%m-%d %H:%M} UTC, letter in {asked.letter}\n")


def way_of(asked: argparse.Namespace) -> str:
    """Letter or link."""
    return Way.LINK if asked.link else Way.LETTER


def user_of(login: str) -> User:
    """The account; the program ends when there is none."""
    user = User.objects.filter(login=login).first()
    if user is None:
        raise SystemExit(f"noroshi: nobody has the user id {login}")
    return user


def tenant_of(user: User) -> Tenant | None:
    """The contractor to name in the letter and the records; None when there are several or none."""
    mine = list(user.memberships.select_related("tenant__party")[:2])
    return mine[0].tenant if len(mine) == 1 else None


if __name__ == "__main__":
    main()
