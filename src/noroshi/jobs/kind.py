"""The program `noroshi kind`: what a kind of the service has today, and since when."""

import argparse
import sys
from collections.abc import Sequence

from django.utils import timezone, translation

from noroshi.tenants import kinds
from noroshi.tenants.models import ServiceKind, Switch

NOT_APPLIED = "Articles 5 and 6 of the terms do not apply (no stored data, no accounts).\n"


def main(told: Sequence[str] | None = None) -> None:
    """Print one line a switch: name, value, the day since when. Ends with 2 for an unknown kind."""
    parser = argparse.ArgumentParser(prog="noroshi kind", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    showing = commands.add_parser("show", help="the switches in force today, Japan's day")
    showing.add_argument("code", help="SG, LR or WANA")
    asked = parser.parse_args(told)
    kind = ServiceKind.objects.filter(code=asked.code).first()
    if kind is None:
        sys.stderr.write(f"noroshi kind: there is no kind {asked.code}\n")
        raise SystemExit(2)
    today = kinds.japans_day(timezone.now())
    with translation.override("en"):
        sys.stdout.write(f"{kind}\n")
    for one in kinds.switches_of(kind, today).values():
        sys.stdout.write(f"{one.switch.value:<15}{one.value.value:<8}since {one.since}\n")
    if Switch.HAS_ACCOUNT not in kinds.on_of(kind, today):
        sys.stdout.write(NOT_APPLIED)


if __name__ == "__main__":
    main()
