"""Characters in mails: old phones want ISO-2022-JP, and half-width kana came out broken."""

import re
import unicodedata

UTF_8, ISO_2022_JP = "utf-8", "iso-2022-jp"

_HALF_KANA = re.compile("[｡-ﾟ]+")
# The same signs as other tables call them: what Windows writes, and what JIS has.
_TO_JIS = str.maketrans("～－∥￠￡￢―", "〜−‖¢£¬—")


def full_kana(text: str) -> str:
    """The text with half-width kana made full width, marks joined to their letter."""
    return _HALF_KANA.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


def encoded(text: str, charset: str) -> bytes | None:
    """The text in a charset; None when a character has no place in it: then UTF-8 is right."""
    if charset != ISO_2022_JP:
        return text.encode()
    try:
        return full_kana(text).translate(_TO_JIS).encode("iso2022_jp")
    except UnicodeEncodeError:
        return None


def fits(text: str, charset: str) -> bool:
    """Whether every character has its place."""
    return encoded(text, charset) is not None
