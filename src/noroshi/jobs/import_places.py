"""The program `noroshi import-places FILE.csv`: where ranges of internet addresses are said to be.

The file has lines `first,last,place`, a heading is allowed; it replaces the whole table.
"""

import argparse
import csv
import ipaddress
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import transaction

from noroshi.tenants.models import AddressRange

PLACE_CHARS_MAX = 100
BATCH = 5000


class BadLine(ValueError):
    """A line cannot be used; the message says which, why and what to do."""


def main() -> None:
    """Replace the table by the file, or leave it as it is and say what is wrong."""
    parser = argparse.ArgumentParser(prog="noroshi import-places")
    parser.add_argument("file", type=Path, help="CSV in UTF-8: first,last,place")
    asked = parser.parse_args()
    try:
        with asked.file.open(encoding="utf-8-sig", newline="") as lines:
            count = replace(rows(lines))
    except OSError as error:
        raise SystemExit(f"noroshi: cannot read {asked.file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SystemExit(f"noroshi: {asked.file} is not UTF-8; save it as UTF-8.") from None
    except BadLine as error:
        raise SystemExit(f"noroshi: {asked.file}: {error}. Nothing was changed.") from None
    sys.stdout.write(f"{count} ranges are known now.\n")


@transaction.atomic
def replace(ranges: Iterable[AddressRange]) -> int:
    """Put these ranges in the place of all; returns how many."""
    AddressRange.objects.all().delete()
    return len(AddressRange.objects.bulk_create(ranges, batch_size=BATCH))


def rows(lines: Iterable[str]) -> Iterator[AddressRange]:
    """Each line as a range. Raises BadLine."""
    for number, row in enumerate(csv.reader(lines), start=1):
        if not row or (number == 1 and row[0].strip().lower() == "first"):
            continue
        yield range_of(row, number)


def range_of(row: list[str], number: int) -> AddressRange:
    """One line. Raises BadLine."""
    if len(row) != 3:
        raise BadLine(f"line {number} has {len(row)} fields; write first,last,place")
    first, last = (address(text, number) for text in row[:2])
    place = row[2].strip()
    if first.version != last.version or int(first) > int(last):
        raise BadLine(f"line {number}: {first} to {last} is no range; put the lower one first")
    if not 0 < len(place) <= PLACE_CHARS_MAX:
        raise BadLine(f"line {number}: the place must have 1 to {PLACE_CHARS_MAX} characters")
    return AddressRange(first=str(first), last=str(last), place=place)


def address(text: str, number: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An internet address. Raises BadLine."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        raise BadLine(f"line {number}: {text.strip()!r} is not an internet address") from None


if __name__ == "__main__":
    main()
