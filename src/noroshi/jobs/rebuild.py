"""The program `noroshi rebuild`: prove readings by the raw uplinks they came from, or mend them."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone

from noroshi.codecs.sandbox import Sandbox
from noroshi.devices.models import Device
from noroshi.jobs import comparing, mending, raw, rebuilding, rejudging
from noroshi.jobs.rebuilding import Period
from noroshi.tenants.access import JAPAN

DAY = timedelta(days=1)


def main(told: Sequence[str] | None = None) -> None:
    """Check a period, or mend a device's. Ends with 1 when something differs, 2 for a bad word."""
    asked = arguments().parse_args(told)
    now = timezone.now()
    period = period_of(asked, now)
    with Sandbox() as sandbox:
        if asked.check:
            raise SystemExit(check(period, sandbox, now=now))
        mend(period, sandbox, now=now)


def arguments() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(prog="noroshi rebuild", description=__doc__)
    ways = parser.add_argument_group("without --check the device's uplinks are decoded anew")
    ways.add_argument("--check", action="store_true", help="compare only, change nothing")
    parser.add_argument("--device", default="", help="one device, by its code; needed to mend")
    parser.add_argument(
        "--from", dest="since", type=date.fromisoformat, help="first day in Japan; else yesterday"
    )
    parser.add_argument("--to", type=date.fromisoformat, help="last day in Japan; else yesterday")
    return parser


def period_of(asked: argparse.Namespace, now: datetime) -> Period:
    """What is asked for; leaves with 2 where it makes no sense."""
    yesterday = (now - DAY).astimezone(JAPAN).date()
    since, last = asked.since or asked.to or yesterday, asked.to or asked.since or yesterday
    if last < since:
        refuse("--to is before --from")
    device = Device.objects.filter(code=asked.device).first() if asked.device else None
    if asked.device and device is None:
        refuse(f"no device has the code {asked.device}")
    if not asked.check and (device is None or asked.since is None):
        refuse("to mend, name --device, --from and --to; or ask for --check")
    begin, end = (datetime.combine(day, time(), JAPAN) for day in (since, last + DAY))
    return Period(begin, end, device.pk if device else None)


def refuse(why: str) -> None:
    """Leave with one clear line."""
    sys.stderr.write(f"noroshi rebuild: {why}\n")
    raise SystemExit(2)


def check(period: Period, sandbox: Sandbox, *, now: datetime) -> int:
    """Rebuild in a scratch table, compare, tell; answers 1 when something differs.

    All is read as of one moment, so that what comes in meanwhile makes no difference.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        messages = rebuilding.fill(period, sandbox)
        days = list(comparing.days_of(period, raw.kept(now), now=now))
        judged = rejudging.compare(period)
    wrong = [day for day in days if day.differences]
    for day in wrong:
        say(f"device {day.device} {day.day}: {day.live} readings live, {day.rebuilt} rebuilt")
        for line in day.differences:
            say(f"  {line}")
    for line in judged.differences:
        say(line)
    live, rebuilt = sum(day.live for day in days), sum(day.rebuilt for day in days)
    say(
        f"{messages} messages; {live} readings live, {rebuilt} rebuilt; "
        f"{len(days)} days of devices, {len(wrong)} differ"
    )
    say(
        f"{judged.incidents} incidents of {judged.rules} rules, {len(judged.differences)} differ; "
        f"{judged.passed_over} rules not compared (changed, stopped or decoded anew since)"
    )
    return 1 if wrong or judged.differences else 0


def mend(period: Period, sandbox: Sandbox, *, now: datetime) -> None:
    """Decode a device's uplinks of the period by today's codec, and tell what changed."""
    mended = mending.mend(period, sandbox, now=now)
    say(
        f"{mended.messages} messages decoded anew, {mended.failed} by a codec that failed and "
        f"changed nothing; {mended.removed} readings that they no longer bring were removed"
    )
    if mended.lost:
        say(f"{mended.lost} messages are past their retention and stay as they are")


def say(line: str) -> None:
    """One line to the operator."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
