"""What is kept of a terminal as a thing, and the one spelling of each: addresses, PAC, numbers."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from noroshi.devices.models import Space

EUI_DIGITS = 16
SIGFOX_DIGITS_MAX = 8
GENERIC_CHARS_MAX = 64
PAC_DIGITS = 16
CONFORMITY_CHARS_MAX = 40
HEX = re.compile(r"^[0-9A-F]+$")
CONFORMITY = re.compile(r"^[0-9A-Z]+([- ][0-9A-Z]+)*$")


class BadDevice(ValueError):
    """The device cannot be registered so; `field` says where, the message says how to mend it."""

    def __init__(self, field: str, message: str) -> None:
        """Keep the field beside which the message is shown."""
        self.field = field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the office keeps of the thing itself; `right_until` is the last day of the network."""

    pac: str = ""
    model: str = ""
    serial: str = ""
    conformity: str = ""
    battery: str = ""
    right_until: date | None = None
    place_note: str = ""


NO_FACTS = Facts()


def clean_address(space: str, text: str) -> str:
    """The address in the one spelling the networks' adapters give; raises BadDevice."""
    compact = re.sub(r"[\s:\-]", "", text).upper()
    if space == Space.GENERIC:
        if not 0 < len(text.strip()) <= GENERIC_CHARS_MAX:
            raise BadDevice("address", _("端末IDを64文字までで書いてください。"))
        return text.strip()
    if not HEX.match(compact):
        raise BadDevice("address", _("端末IDは 0〜9 と A〜F で書いてください。"))
    if space == Space.LORAWAN:
        if len(compact) != EUI_DIGITS:
            raise BadDevice("address", _("DevEUIは16桁です。いまは%d桁あります。") % len(compact))
        return compact
    if len(compact) > SIGFOX_DIGITS_MAX:
        raise BadDevice(
            "address", _("SigfoxのIDは8桁までです。いまは%d桁あります。") % len(compact)
        )
    return compact.lstrip("0") or "0"


def clean_facts(space: str, facts: Facts) -> Facts:
    """The facts in one spelling each; raises BadDevice."""
    pac = re.sub(r"[\s:\-]", "", facts.pac).upper()
    if pac and space != Space.SIGFOX:
        raise BadDevice("pac", _("PACはSigfoxの端末だけにあります。空欄にしてください。"))
    if pac and (len(pac) != PAC_DIGITS or not HEX.match(pac)):
        raise BadDevice("pac", _("PACは 0〜9 と A〜F の16桁です。"))
    number = unicodedata.normalize("NFKC", facts.conformity).strip().upper()
    if number and (len(number) > CONFORMITY_CHARS_MAX or not CONFORMITY.match(number)):
        raise BadDevice("conformity", _("技適番号は 001-A12345 のように英数字で書いてください。"))
    return replace(facts, pac=pac, conformity=number)
