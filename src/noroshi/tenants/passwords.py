"""Judge a new password: long enough, and not what somebody who knows the person would try."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from noroshi.tenants import known_words
from noroshi.tenants.models.people import LONG_PASSWORD_CHARS
from noroshi.tenants.romaji import hiragana, romaji

ALONE_CHARS_MIN = LONG_PASSWORD_CHARS
WITH_FACTOR_CHARS_MIN = 8
CHARS_MAX = 128
LATIN_CHARS_MIN = 4  # a shorter Latin word stands by chance in too many good passwords
KANJI_CHARS_MIN = 2
PHONE_DIGITS_MIN = 8
VARIED_CHARS_MIN = 5
RUN_CHARS_MIN = 3

LEET = str.maketrans("0134578@$!|+", "oleastbasilt")
WORD_GAPS = re.compile(r"[\s\-_.,:;/()（）・、。「」〒]+")
DIGITS = re.compile(r"\D+")
FIGURES = "0123456789"
END = re.compile(r"[\d\W_]+$")
EDGES = re.compile(r"^[\d\W_]+|[\d\W_]+$")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What somebody who knows the person would try first.

    Attributes:
        login: the user id.
        names: of the person, the contractors, devices, with their addresses; any script.
        phones: telephone numbers as written.
        has_second_factor: whether a password alone does not open the account.
    """

    login: str = ""
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    has_second_factor: bool = False

    @property
    def chars_min(self) -> int:
        """How long the password must be, in characters."""
        return WITH_FACTOR_CHARS_MIN if self.has_second_factor else ALONE_CHARS_MIN


NOWHERE = Surroundings()


def normal(text: str) -> str:
    """The one way of writing the same characters (NFC), so that every keyboard gives one hash."""
    return unicodedata.normalize("NFC", text)


def problems(text: str, around: Surroundings = NOWHERE) -> tuple[str, ...]:
    """All reasons against this password in the reader's words; none = it may be taken."""
    password = normal(text)
    if len(password) > CHARS_MAX:
        return (_("%(max)d文字以内にしてください。") % {"max": CHARS_MAX},)
    found = [
        _length(password, around),
        _characters(password),
        _own_words(password, around),
        _phones(password, around.phones),
        _known(password),
        _monotony(password),
    ]
    return tuple(reason for reason in found if reason)


def _length(password: str, around: Surroundings) -> str:
    if len(password) < around.chars_min:
        return _("%(min)d文字以上にしてください。いまは%(now)d文字です。") % {
            "min": around.chars_min,
            "now": len(password),
        }
    return ""


def _characters(password: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        return _("目に見えない制御文字が入っています。打ち直してください。")
    return ""


def _own_words(password: str, around: Surroundings) -> str:
    inside = _shapes(password)
    if around.login and _is_inside(around.login, inside):
        return _("利用者IDが入っています。ほかの言葉にしてください。")
    for needle in _needles((*around.names, *known_words.listed("service"))):
        if _is_inside(needle, inside):
            return _(
                "お名前・契約者名・センサー端末・サービスの名前が入っています。ほかの言葉にしてください。"
            )
    return ""


def _phones(password: str, phones: Sequence[str]) -> str:
    typed = DIGITS.sub("", unicodedata.normalize("NFKC", password))
    for phone in phones:
        digits = DIGITS.sub("", unicodedata.normalize("NFKC", phone))
        if len(digits) >= PHONE_DIGITS_MIN and digits[-PHONE_DIGITS_MIN:] in typed:
            return _("電話番号が入っています。ほかのものにしてください。")
    return ""


def _known(password: str) -> str:
    words = known_words.common()
    cores = _cores(password)
    if any(core in words or _unit(core) in words for core in cores):
        return _("よく使われるパスワードです。数字や記号を付け足しても、すぐに当てられます。")
    if any(_is_two_words(core, words) for core in cores):
        return _("よく使われる言葉を2つ並べただけです。言葉をもう2つほど増やしてください。")
    return ""


def _monotony(password: str) -> str:
    typed = unicodedata.normalize("NFKC", password).casefold()
    if not typed:
        return ""
    if len(set(typed)) < VARIED_CHARS_MIN or len(_unit(typed)) * 2 <= len(typed):
        return _("同じ文字のくり返しです。いろいろな文字を使ってください。")
    if len(_without_walks(typed)) < VARIED_CHARS_MIN:
        return _("キーボードの並びや連続した数字だけでできています。言葉を混ぜてください。")
    return ""


def _shapes(password: str) -> tuple[str, ...]:
    """The letters and digits alone, as typed and with look-alike signs read as letters."""
    plain = hiragana(password).casefold()
    return tuple({_letters(plain), _letters(plain.translate(LEET))})


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _cores(password: str) -> set[str]:
    """The word inside, read in every likely way: sakura of S@kura2026!."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    pieces = (plain, EDGES.sub("", plain), END.sub("", plain))
    shapes = {shape for piece in pieces for shape in _shapes(piece)}
    return {core for shape in shapes for core in (shape, shape.strip(FIGURES)) if core}


def _unit(text: str) -> str:
    """The shortest beginning that, repeated, gives the whole text."""
    at = (text + text).find(text, 1)
    return text[:at] if at > 0 else text


def _is_two_words(core: str, words: frozenset[str]) -> bool:
    shortest = LATIN_CHARS_MIN - 1
    cuts = range(shortest, len(core) - shortest + 1)
    return any(core[:cut] in words and core[cut:].strip(FIGURES) in words for cut in cuts)


def _needles(names: Iterable[str]) -> list[str]:
    """Each name as a whole, its parts that are long enough to mean something, kana also read."""
    found = []
    for name in names:
        own = _without_legal_form(name)
        parts = [own, *WORD_GAPS.split(own)]
        parts += [romaji(part) for part in parts]
        found += [part for part in parts if _is_telling(part)]
    return found


def _without_legal_form(name: str) -> str:
    for form in known_words.listed("legal_forms"):
        name = name.replace(form, " ")
    return name


def _is_telling(part: str) -> bool:
    letters = _letters(unicodedata.normalize("NFKC", part))
    return len(letters) >= (LATIN_CHARS_MIN if letters.isascii() else KANJI_CHARS_MIN)


def _is_inside(needle: str, shapes: Sequence[str]) -> bool:
    return any(wanted and wanted in shape for wanted in _shapes(needle) for shape in shapes)


def _without_walks(text: str) -> str:
    """What is left when every run of neighbouring keys is taken out but for its first key."""
    left, at = [], 0
    while at < len(text):
        length = next(
            (
                n
                for n in range(len(text) - at, RUN_CHARS_MIN - 1, -1)
                if _is_walk(text[at : at + n])
            ),
            1,
        )
        left.append(text[at])
        at += length
    return "".join(left)


def _is_walk(run: str) -> bool:
    return any(run in walk or run[::-1] in walk for walk in known_words.listed("walks"))
