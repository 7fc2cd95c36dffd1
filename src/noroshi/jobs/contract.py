"""The program `noroshi contract`: a contract today, and why a value of it is in force on a day."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from django.utils import timezone, translation

from noroshi.contracts import lines, registry
from noroshi.contracts.effective import all_effective, applies, effective
from noroshi.contracts.models import Contract
from noroshi.contracts.registry import UnknownKey
from noroshi.contracts.resolve import Effective
from noroshi.tenants import kinds

NOT_APPLIED = "Articles 5 and 6 of the terms do not apply (no stored data, no accounts).\n"


def main(told: Sequence[str] | None = None) -> None:
    """Print what was asked for. Ends with 2 for a contract or key that does not exist."""
    asked = _asked(told)
    contract = Contract.objects.select_related("tenant", "kind").filter(number=asked.number).first()
    if contract is None:
        sys.stderr.write(f"noroshi contract: there is no contract {asked.number}\n")
        raise SystemExit(2)
    today = kinds.japans_day(timezone.now())
    with translation.override("en"):
        if asked.command == "show":
            sys.stdout.write("".join(shown(contract, today)))
            return
        try:
            found = effective(contract, asked.key, asked.on or today)
            on = kinds.on_of(str(contract.kind_id), asked.on or today)
            if not applies(asked.key, on):
                sys.stdout.write(f"{asked.key} does not apply to the kind {contract.kind_id}\n")
                return
        except UnknownKey:
            known = ", ".join(registry.KEYS)
            sys.stderr.write(f"noroshi contract: no key {asked.key}; known: {known}\n")
            raise SystemExit(2) from None
        sys.stdout.write("".join(explained(found)))


def shown(contract: Contract, today: date) -> list[str]:
    """The lines of `show`."""
    day = lines.day_in(contract, today)
    last = lines.last_day(contract.until_day)
    head = [
        f"{contract.number}  {contract.tenant.name}  {contract.kind}\n",
        f"period  {contract.from_day} to {last or 'no end'}, {lines.standing(contract, today)}\n",
    ]
    if not kinds.has_accounts(contract.tenant, timezone.now()):
        head.append(NOT_APPLIED)
    conditions = [f"{one.key:<24}{one.text or '-':<16}{lines.source_words(one.source)}\n" for one in
                  all_effective(contract, day)]  # fmt: skip
    items = [one.item.value for one in lines.items_of(contract, day) if one.since]
    return [*head, *conditions, f"licensed: {', '.join(items) or 'nothing'}\n"]


def explained(found: Effective) -> list[str]:
    """The lines of `effective`."""
    since = f", since {found.since}" if found.since else ""
    paper = f", document {found.document_sha256}" if found.document_sha256 else ""
    over = [
        f"  goes before {row.text or '-'}  {row.level.value}: {lines.source_words(row.source)}\n"
        for row in found.wins_over
    ]
    source = lines.source_words(found.source)
    head = f"{found.key} = {found.text or '-'}  {found.level.value}: {source}{since}{paper}\n"
    return [head, *over]


def _asked(told: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="noroshi contract", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    showing = commands.add_parser("show", help="the contract as it is in force today")
    explaining = commands.add_parser("effective", help="one value on a day, and why")
    for one in (showing, explaining):
        one.add_argument("number", help="C-000123")
    explaining.add_argument("key", help="data_scope, users_max, ...")
    explaining.add_argument("--on", type=date.fromisoformat, help="a day in Japan; today without")
    return parser.parse_args(told)


if __name__ == "__main__":
    main()
