"""The program `noroshi ledger`: look over every chain of acts of intent; anchor it day by day."""

import argparse
import logging
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.template.loader import render_to_string

from noroshi.outbox.actions import NewMessage, mail_domain, post_all
from noroshi.outbox.addresses import is_sendable
from noroshi.tenants import ledger
from noroshi.tenants.models import StaffRole, Tenant, User

JST = ZoneInfo("Asia/Tokyo")
TOLD = [StaffRole.PRIVACY, StaffRole.ADMIN]
LANGUAGES = ("ja", "en")

log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when something was found, 2 for a wrong use."""
    args = arguments().parse_args(argv)
    if args.command == "show":
        return show(args.at)
    if args.tenant and not Tenant.objects.filter(code=args.tenant).exists():
        sys.stderr.write(f"noroshi ledger: no tenant has the code {args.tenant}\n")
        return 2
    return verify(args.tenant)


def verify(tenant: str = "") -> int:
    """One line a finding on stdout, then what was looked at; 1 when there was any."""
    check, count = ledger.Check(tenant), 0
    with transaction.atomic():
        for finding in check.findings():
            count += 1
            sys.stdout.write(f"{finding.tenant}/{finding.number}: {finding.what}\n")
    word = "nothing wrong" if count == 0 else f"{count} findings"
    sys.stdout.write(f"{check.links} links in {check.chains} chains: {word}\n")
    return 1 if count else 0


def show(at: datetime | None = None) -> int:
    """Where every chain stands (or stood when it was anchored by `at`), and the hash of all."""
    heads = ledger.heads_at(at) if at else ledger.heads()
    for head in heads:
        sys.stdout.write(f"{head.tenant} {head.number} {head.hash}\n")
    sys.stdout.write(f"{len(heads)} chains, heads {ledger.heads_hash(heads)}\n")
    return 0


@transaction.atomic
def keep(now: datetime) -> int:
    """Anchor what moved; once a day mail the hash of all heads out of the house. For the timetable.

    Who has the mail can prove later that nobody wrote a chain anew, even together with its anchors.
    """
    anchored = ledger.anchor(now)
    heads = ledger.heads_at(now)
    if anchored:
        log.info("ledger: %d chains, heads %s", len(heads), ledger.heads_hash(heads))
    if heads:
        post_all([message(user, heads, now) for user in told()], now=now)
    return anchored


def told() -> list[User]:
    """The people of the office who keep the hash."""
    staff = User.objects.filter(
        kind=User.Kind.STAFF, state=User.State.ACTIVE, staff_roles__overlap=TOLD
    )
    return [user for user in staff.order_by("pk") if is_sendable(user.email)]


def message(user: User, heads: list[ledger.Head], now: datetime) -> NewMessage:
    """The mail of this day; the day is its name, so a second one is not written."""
    day = now.astimezone(JST)
    language = user.language if user.language in LANGUAGES else LANGUAGES[0]
    context = {
        "day": day.strftime("%Y-%m-%d"),
        "at": day.isoformat(),
        "heads_hash": ledger.heads_hash(heads),
        "chains": len(heads),
        "links": sum(head.number for head in heads),
    }
    written = render_to_string(f"jobs/mail/ledger.{language}.txt", context)
    subject, _, body = written.partition("\n")
    return NewMessage(
        tenant_id=None,
        kind="ledger.anchored",
        about="",
        address=user.email,
        subject=subject.strip(),
        body=body.strip() + "\n",
        message_id=f"ledger.{day:%Y%m%d}.{user.pk}@{mail_domain()}",
        thread_id="",
        language=language,
    )


def arguments() -> argparse.ArgumentParser:
    """The commands."""
    parser = argparse.ArgumentParser(prog="noroshi ledger", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    looking = commands.add_parser("verify", help="find anything changed, missing, moved or added")
    looking.add_argument("--tenant", default="", metavar="CODE", help="only this tenant's chain")
    showing = commands.add_parser("show", help="where the chains stand, and the hash of all heads")
    showing.add_argument(
        "--at", type=moment, metavar="TIME", help="as anchored then, e.g. 2026-11-22T09:00+09:00"
    )
    return parser


def moment(text: str) -> datetime:
    """A time; Japan's when it names no zone."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=JST)


if __name__ == "__main__":
    sys.exit(main())
