"""Which mail addresses can be written to."""

import re

from django.utils.translation import gettext as _

ADDRESS_CHARS_MAX = 254

# Looser than the standard on purpose: old addresses of Japanese carriers have ".." or a dot
# before the @, and they do get mail. Nothing that could end a line or an SMTP argument passes.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_ODD = re.compile(r"^\.|\.\.|\.$")


class BadAddress(ValueError):
    """The text is not a mail address; the message is for the person who typed it."""


def clean_address(text: str) -> str:
    """The address without spaces around it, full-width letters made plain; raises BadAddress."""
    address = text.strip().translate(_TO_PLAIN)
    if not is_sendable(address):
        raise BadAddress(_("メールアドレスの形を確かめてください（例: taro@example.jp）。"))
    return address


def quoted(address: str) -> str:
    """The same with quotation marks about an odd local part, as the standard wants; else empty."""
    local, _at, domain = address.rpartition("@")
    return f'"{local}"@{domain}' if _ODD.search(local) else ""


def is_sendable(address: str) -> bool:
    """Whether mail can be sent to exactly this address."""
    return len(address) <= ADDRESS_CHARS_MAX and _ADDRESS.fullmatch(address) is not None


_TO_PLAIN = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
