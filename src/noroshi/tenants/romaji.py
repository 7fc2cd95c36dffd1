"""Read kana as Latin letters the way people type their own names."""

import functools
import re
import unicodedata
from collections.abc import Mapping

from noroshi.tenants.known_words import listed

KATAKANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
VOWELS = "aiueo"
NOTHING = "-"  # how the table writes an empty reading
LONG = unicodedata.lookup("KATAKANA-HIRAGANA PROLONGED SOUND MARK")
SMALL_TSU = unicodedata.lookup("HIRAGANA LETTER SMALL TU")
GLIDES = {
    unicodedata.lookup(f"HIRAGANA LETTER SMALL {sound}"): sound.lower()
    for sound in ("YA", "YU", "YO")
}
OWN_SOUND = {"shi", "chi", "ji"}  # sha, not shya
DOUBLED = re.compile(f"{SMALL_TSU}(?=([a-z]))")


def hiragana(text: str) -> str:
    """Katakana of any width as hiragana; everything else stays."""
    return unicodedata.normalize("NFKC", text).translate(KATAKANA)


def romaji(text: str) -> str:
    """The reading of a text in kana (Hepburn, long vowels as written); "" for any other text."""
    sounds = table()
    kana = "".join(one for one in hiragana(text) if one.isalnum() or one == LONG)
    if not set(kana) <= {*sounds, *GLIDES, SMALL_TSU}:
        return ""
    said = ""
    for before, letter in zip(f" {kana}", kana, strict=False):
        if letter in GLIDES and said.endswith("i"):
            said = said[:-1] + GLIDES[letter][sounds.get(before) in OWN_SOUND :]
        else:
            said += SMALL_TSU if letter == SMALL_TSU else sounds.get(letter, GLIDES.get(letter, ""))
    return DOUBLED.sub(lambda found: found.group(1), said).replace(SMALL_TSU, "tsu")


@functools.cache
def table() -> Mapping[str, str]:
    """Each kana with its reading."""
    written = listed("kana")
    found: dict[str, str] = {}
    for sound, row in zip(written[::2], written[1::2], strict=True):
        head = "" if sound == NOTHING else sound
        ends = VOWELS if len(row) == len(VOWELS) else [""]
        found |= {kana: head + end for kana, end in zip(row, ends, strict=True)}
    return found
