"""Mail addresses as they really are in Japan: the old phone carriers gave out impossible ones."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from noroshi.outbox.addresses import BadAddress, clean_address

# These carriers once allowed ".." and a "." beside the "@"; such addresses are alive. Anywhere
# else it is a slip of the finger.
LOOSE_DOMAINS = frozenset({"docomo.ne.jp", "ezweb.ne.jp", "au.com"})
LOOSE_LOCAL = re.compile(r"^\.|\.\.|\.$")


@dataclass(frozen=True, slots=True)
class Checked:
    """A usable address and what its owner should know of it; `caution` is empty for most."""

    address: str
    caution: str


def check_address(text: str) -> Checked:
    """The address, tidied; ValidationError with what to do when no mail could reach it."""
    try:
        address = clean_address(text)
    except BadAddress as refusal:
        raise ValidationError(str(refusal)) from None
    local, _at, domain = address.rpartition("@")
    if "." not in domain:
        raise ValidationError(_("@ の後ろを確かめてください（例: taro@example.jp）。"))
    address = f"{local}@{domain.lower()}"
    if not LOOSE_LOCAL.search(local):
        return Checked(address, "")
    if domain.lower() not in LOOSE_DOMAINS:
        raise ValidationError(
            _("点（.）が続いているか、@ の隣にあります。書き間違いがないか確かめてください。")
        )
    return Checked(
        address,
        _("点が続く古い形のアドレスです。届かないことがあるので、通知履歴で確かめてください。"),
    )
