"""A contractor's own sentences in the mails: what they may say, and how their slots are filled."""

import re
import unicodedata
from collections.abc import Callable, Mapping

from django.utils.translation import get_language
from django.utils.translation import gettext as _

CHARS_MAX = 300
LINES_MAX = 6
# A slot is one of these words and nothing else: no formats, no attributes, no code.
JAPANESE: Mapping[str, str] = {
    "端末名": "device",
    "場所": "site",
    "項目": "quantity",
    "値": "value",
    "時刻": "day_and_time",
}
ENGLISH: Mapping[str, str] = {
    "device": "device",
    "site": "site",
    "item": "quantity",
    "value": "value",
    "time": "day_and_time",
}
SLOTS = {**JAPANESE, **ENGLISH}
SLOT = re.compile(r"\{([^{}]*)\}")


def slots() -> list[str]:
    """The slots as the reader's language names them, each in its braces."""
    return [f"{{{name}}}" for name in (ENGLISH if get_language() == "en" else JAPANESE)]


class BadWording(ValueError):
    """The sentence cannot be used; the message is for the person who typed it."""


def cleaned(text: str) -> str:
    """The sentence as it is kept: no control characters, no blanks at the ends. BadWording."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = "\n".join("".join(c for c in line if not _is_control(c)) for line in lines)
    if len(kept) > CHARS_MAX:
        raise BadWording(_("%(n)d文字までで入れてください。") % {"n": CHARS_MAX})
    if len(lines) > LINES_MAX:
        raise BadWording(_("%(n)d行までで入れてください。") % {"n": LINES_MAX})
    for name in SLOT.findall(kept):
        if name not in SLOTS:
            words = {"name": name, "known": " ".join(slots())}
            raise BadWording(_("{%(name)s} は使えません。使えるのは %(known)s です。") % words)
    if re.search(r"[{}]", SLOT.sub("", kept)):
        raise BadWording(
            _("{ と } は、%(slot)s のように組で使ってください。") % {"slot": slots()[0]}
        )
    return kept


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """The sentence with the slots' values; what stands in a value is never read as a slot."""
    return SLOT.sub(lambda slot: value_of(SLOTS[slot[1]]) if slot[1] in SLOTS else slot[0], text)


def _is_control(c: str) -> bool:
    return unicodedata.category(c) in {"Cc", "Cf"}
