"""Every condition of a contract that the software knows: what it means, how it reads, its default.

A limit that is applied to one contractor stands here or nowhere; what is in force for whom is
asked of contracts.effective.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from noroshi.contracts import period, prices
from noroshi.contracts.period import Period
from noroshi.contracts.prices import PriceLine
from noroshi.contracts.resolve import Effective, Level, Row, article_of, holding
from noroshi.tenants.models import Switch

WANA = "WANA"
BUILT_IN = gettext_lazy("既定値")
NO_LIMIT = "none"
YES, NO = "yes", "no"
NUMBER_MAX = 100_000
WORDS_CHARS_MAX = 100
PRICE = re.compile(r"price\.[a-z0-9_]{1,30}")
CHOICES: Mapping[str, object] = {
    "web": gettext_lazy("ウェブサイト"),
    "mail": gettext_lazy("メール"),
    "letter": gettext_lazy("郵便"),
    "automatic": gettext_lazy("自動更新"),
    "request": gettext_lazy("申出により更新"),
    "none": gettext_lazy("更新なし"),
    "contract": gettext_lazy("契約ごと"),
    "device": gettext_lazy("端末ごと"),
    "recipients": gettext_lazy("通知先の枠ごと"),
    "once": gettext_lazy("1回"),
    "month": gettext_lazy("月額"),
    "year": gettext_lazy("年額"),
    "period": gettext_lazy("契約期間ごと"),
    "advance": gettext_lazy("前払い"),
    "arrears": gettext_lazy("後払い"),
}


class UnknownKey(KeyError):
    """No condition of that name."""


class BadValue(ValueError):
    """The text is no value of the key; the message is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One condition.

    Attributes:
        unit: number, people, devices, days, period, yes/no, words, choice or price: how a person
            reads the value (`said`).
        parse: text to value; raises ValueError.
        default, level, source: what holds where no contract says anything, and who says that.
        of_kind: the same for single kinds of service: (text, level, source) by code.
        hint: how it is written, for a form.
        options: all its texts, where it is a choice.
        needs: the switch without which a kind of service has nothing to which it applies.
    """

    name: str
    label: object
    unit: str
    parse: Callable[[str], object]
    default: str
    level: Level = Level.DEFAULT
    source: object = BUILT_IN
    of_kind: Mapping[str, tuple[str, Level, object]] = field(default_factory=dict)
    hint: object = ""
    options: Sequence[str] = ()
    needs: Switch | None = None


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 0 < int(text) <= NUMBER_MAX:
        raise ValueError(text)
    return int(text)


def _limit(text: str) -> int | None:
    return None if text == NO_LIMIT else _number(text)


def _days(text: str) -> int:
    return 0 if text == "0" else _number(text)


def _flag(text: str) -> bool:
    if text not in {YES, NO}:
        raise ValueError(text)
    return text == YES


def _words(text: str) -> str:
    if len(text) > WORDS_CHARS_MAX or not text.isprintable():
        raise ValueError(text)
    return text


def _one_of(*known: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(text)
        return text

    return parse


LIMIT_HINT = gettext_lazy("数。制限しないときは「制限なし」")
FLAGS = (YES, NO)
KEYS: Mapping[str, Key] = {
    one.name: one
    for one in (
        Key(
            "users_max", gettext_lazy("利用者数の上限"), "people", _number, "10",
            needs=Switch.HAS_ACCOUNT,
        ),
        Key(
            "widened_class", gettext_lazy("契約で広げた利用者の範囲"), "words", _words, "",
            needs=Switch.HAS_ACCOUNT,
        ),
        Key(
            "recipients_max", gettext_lazy("通知先の数の上限"), "people", _limit, NO_LIMIT,
            of_kind={WANA: ("10", Level.DEFAULT, BUILT_IN)}, hint=LIMIT_HINT,
        ),
        Key(
            "recipients_confirm", gettext_lazy("通知先の人に受け取りを確認"), "flag", _flag, YES,
            options=FLAGS,
        ),
        Key(
            "devices_max", gettext_lazy("端末の数の上限"), "devices", _limit, NO_LIMIT,
            hint=LIMIT_HINT,
        ),
        Key(
            "data_scope", gettext_lazy("保存期間"), "period", period.parse, "P1Y",
            Level.TERMS, gettext_lazy("規約 第5条第1項"), needs=Switch.HAS_STORAGE,
            hint=gettext_lazy("1年・18か月・90日 など"),
        ),
        Key(
            "csv_during_suspension", gettext_lazy("利用停止中のデータ取り出し"), "flag", _flag, YES,
            options=FLAGS, needs=Switch.HAS_CSV,
        ),
        Key(
            "grace_days_after_end", gettext_lazy("契約終了後に取り出せる日数"), "days", _days, "30",
            needs=Switch.HAS_CSV,
        ),
        Key(
            "individual_ids", gettext_lazy("利用者IDを一人ずつ発行"), "flag", _flag, YES,
            Level.TERMS, gettext_lazy("規約 第6条第2項"), options=FLAGS,
            needs=Switch.HAS_ACCOUNT,
        ),
        Key(
            "notice_method", gettext_lazy("規約改定の知らせ方"), "choice",
            _one_of("web", "mail", "letter"), "web",
            Level.TERMS, gettext_lazy("規約 第3条第3項"),
            {WANA: ("mail", Level.TERMS, gettext_lazy("規約 第4条第2項"))},
            options=("web", "mail", "letter"),
        ),
        Key(
            "renewal_rule", gettext_lazy("更新のしかた"), "choice",
            _one_of("automatic", "request", "none"), "request",
            options=("automatic", "request", "none"),
        ),
    )
}  # fmt: skip


def key_of(name: str) -> Key:
    """The key of that name; every `price.…` is a price line. Raises UnknownKey."""
    if name in KEYS:
        return KEYS[name]
    if PRICE.fullmatch(name):
        return Key(name, gettext_lazy("利用料金"), "price", prices.parse, "")
    raise UnknownKey(name)


def checked(name: str, text: str) -> str:
    """The text as it is kept. Raises UnknownKey, BadValue."""
    key, tidy = key_of(name), text.strip()
    if key.parse is _limit and tidy in (str(_("制限なし")), "制限なし"):
        tidy = NO_LIMIT
    try:
        value = period.parse_said(tidy) if key.parse is period.parse else key.parse(tidy)
    except ValueError:
        words = _("「%(label)s」の値として読めません: %(text)s")
        raise BadValue(words % {"label": key.label, "text": tidy[:WORDS_CHARS_MAX]}) from None
    return str(value) if isinstance(value, Period) else tidy


def default_of(name: str, kind: str) -> Row:
    """What holds for a kind of service where no contract says anything."""
    key = key_of(name)
    text, level, source = key.of_kind.get(kind, (key.default, key.level, key.source))
    return Row(text, level, str(source), None)


def resolve(name: str, rows: Iterable[Row], kind: str, day: date) -> Effective:
    """The value of a key in force that day; `rows` are the contract's own of this key.

    A row of the level at which the default stands takes the default's place. Raises UnknownKey,
    resolve.TwoLiveValues.
    """
    found = holding(rows, day)
    last = default_of(name, kind)
    is_price = name not in KEYS  # of which there is none where no contract says so
    if not (found and is_price) and last.level not in {row.level for row in found}:
        found = holding([*found, last], day)
    first, *others = found
    return Effective(
        name,
        first.text,
        key_of(name).parse(first.text) if first.text or name in KEYS else None,
        first.level,
        first.source,
        article_of(first.source),
        first.since,
        first.document_sha256,
        tuple(others),
    )


def said(name: str, text: str) -> str:
    """The value in words for people, in the language in force."""
    key = key_of(name)
    value = key.parse(text) if text else None
    if value is None or value == "":
        return _("制限なし") if text == NO_LIMIT else "—"
    if isinstance(value, bool):
        return _("あり") if value else _("なし")
    if isinstance(value, Period):
        return said_period(value)
    if isinstance(value, PriceLine):
        return said_price(value)
    if isinstance(value, int):
        return said_number(key.unit, value)
    return str(CHOICES.get(text, text)) if key.unit == "choice" else text


def said_number(unit: str, n: int) -> str:
    """A count with its unit."""
    if unit == "people":
        return ngettext("%(n)d名", "%(n)d名", n) % {"n": n}
    if unit == "devices":
        return _("%(n)d台") % {"n": n}
    return ngettext("%(n)d日", "%(n)d日", n) % {"n": n}


def said_period(value: Period) -> str:
    """1年, 1年6か月, 90日."""
    years, months = divmod(value.months, period.MONTHS_A_YEAR)
    parts = []
    if years:
        parts.append(ngettext("%(n)d年", "%(n)d年", years) % {"n": years})
    if months:
        parts.append(ngettext("%(n)dか月", "%(n)dか月", months) % {"n": months})
    if value.days:
        parts.append(ngettext("%(n)d日", "%(n)d日", value.days) % {"n": value.days})
    return " ".join(parts)


def said_price(value: PriceLine) -> str:
    """12,000円（税別） 端末ごと 年額 前払い."""
    words = [str(CHOICES[one]) for one in (value.per, value.every, value.pay)]
    return _("%(yen)s円（税別）") % {"yen": f"{value.yen:,}"} + " " + " ".join(words)
