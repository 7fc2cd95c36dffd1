"""A price line as a contract writes it: how much, for what, how often, paid when. Whole yen."""

import re
from dataclasses import dataclass

YEN_MAX = 1_000_000_000
FORM = re.compile(
    r"(?P<yen>[0-9]{1,10}) per=(?P<per>contract|device|recipients) "
    r"every=(?P<every>once|month|year|period) pay=(?P<pay>advance|arrears)"
    r"(?: tax=(?P<tax>end|monthly|receipt))?"
)


class BadPrice(ValueError):
    """No price line; the text is what was written."""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One line of a condition sheet, without tax.

    Attributes:
        per: contract, device or recipients (a block of them).
        every: once, month, year or period.
        pay: advance or arrears.
        tax: which day's rate holds: at the end of the period, monthly, or on receipt.
    """

    yen: int
    per: str
    every: str
    pay: str
    tax: str


def parse(text: str) -> PriceLine:
    """`12000 per=device every=year pay=advance tax=end`; without tax= it is the end's.

    Raises BadPrice.
    """
    found = FORM.fullmatch(text)
    if found is None or int(found["yen"]) > YEN_MAX:
        raise BadPrice(text)
    return PriceLine(
        int(found["yen"]), found["per"], found["every"], found["pay"], found["tax"] or "end"
    )
