"""What the operator says of all mails: the words at their end, and how fast a domain gets them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

FOOTER_CHARS_MAX = 500
FOOTER_LINES_MAX = 10
PACE_MAX = 100_000
# What Japan's carriers take without trouble is not published: ten a second each.
PACES = "docomo.ne.jp=600 au.com=600 ezweb.ne.jp=600 softbank.ne.jp=600 i.softbank.jp=600"

_PACE = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)=([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Of every mail.

    Attributes:
        footers: language → what stands at the end; empty = nothing.
        paces: domain → mails a minute.
    """

    footers: Mapping[str, str] = field(default_factory=dict)
    paces: Mapping[str, int] = field(default_factory=dict)


def mail_settings(env: Mapping[str, str]) -> MailSettings:
    r"""Read `NOROSHI_MAIL_FOOTER`, `…_FOOTER_EN` (a new line is `\n`) and `NOROSHI_MAIL_PACE`.

    Raises ValueError with a line that says what to do.
    """
    japanese = _footer(env, "NOROSHI_MAIL_FOOTER")
    english = _footer(env, "NOROSHI_MAIL_FOOTER_EN") or japanese
    return MailSettings({"ja": japanese, "en": english}, _paces(env))


def _footer(env: Mapping[str, str], name: str) -> str:
    text = env.get(name, "").replace("\\n", "\n").strip()
    is_odd = any(unicodedata.category(one) in {"Cc", "Cs"} and one != "\n" for one in text)
    if is_odd or len(text) > FOOTER_CHARS_MAX or text.count("\n") >= FOOTER_LINES_MAX:
        raise ValueError(
            f"{name} must be plain text of at most {FOOTER_CHARS_MAX} characters and "
            rf"{FOOTER_LINES_MAX} lines; write \n for a new line."
        )
    return text


def _paces(env: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in env.get("NOROSHI_MAIL_PACE", PACES).replace(",", " ").lower().split():
        said = _PACE.fullmatch(one)
        if said is None or not 0 < int(said[2]) <= PACE_MAX:
            raise ValueError(
                f"NOROSHI_MAIL_PACE={one!r} is no pace; give mails a minute as docomo.ne.jp=600."
            )
        found[said[1]] = int(said[2])
    return found
