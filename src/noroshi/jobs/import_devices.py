"""The program `noroshi import-devices FILE.csv --tenant CODE`: register a contractor's terminals.

Columns: network,address,name,type,serial,PAC,place; a heading is allowed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from django.utils import timezone, translation

from noroshi.devices.importing import save
from noroshi.devices.listing import BadFile, Listing, judge, text_of
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant


def main(told: Sequence[str] | None = None) -> None:
    """Register all lines, or tell every faulty one and register nothing."""
    asked = arguments().parse_args(told)
    tenant = Tenant.objects.filter(code=asked.tenant).first()
    if tenant is None:
        raise SystemExit(f"noroshi: no contractor has the code {asked.tenant}")
    with translation.override("en"):
        try:
            run(asked, tenant)
        except OSError as error:
            raise SystemExit(f"noroshi: cannot read {asked.file}: {error.strerror}.") from None
        except BadFile as fault:
            raise SystemExit(f"noroshi: {asked.file}: {fault}") from None


def arguments() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(prog="noroshi import-devices")
    parser.add_argument("file", type=Path, help="network,address,name,type,serial,PAC,place")
    parser.add_argument("--tenant", required=True, help="the contractor's code")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--check", action="store_true", help="judge the file, register nothing")
    ways.add_argument("--good-lines-only", action="store_true", help="leave faulty lines out")
    return parser


def run(asked: argparse.Namespace, tenant: Tenant) -> None:
    """Judge the file, tell what is wrong, register. Raises OSError, BadFile."""
    listing = judge(text_of(asked.file.read_bytes()), tenant)
    tell(listing)
    good, faulty = len(listing.good), len(listing.faulty)
    if asked.check:
        sys.stdout.write(f"{good} lines are good, {faulty} faulty; nothing was registered.\n")
        raise SystemExit(1 if faulty else 0)
    if not good or (faulty and not asked.good_lines_only):
        raise SystemExit(f"noroshi: {faulty} of {good + faulty} lines are faulty; none was saved.")
    by = Actor(None, tenant)
    is_partial = asked.good_lines_only
    save(listing, file=asked.file.name, is_partial=is_partial, by=by, now=timezone.now())
    sys.stdout.write(f"{good} devices are registered, {faulty} lines left out.\n")


def tell(listing: Listing) -> None:
    """Each faulty line with its reasons."""
    for line in listing.faulty:
        sys.stderr.write(f"line {line.number}: {' '.join(line.reasons)}\n")


if __name__ == "__main__":
    main()
