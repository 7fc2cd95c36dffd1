"""Two languages, both whole: every text is wrapped, and every wrapped text has its English."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from tools import messages

import noroshi

HOUSE = Path(noroshi.__file__).parent
ROOMS = (
    "web",
    "office",
    "ui",
    "alarms",
    "outbox",
    "devices",
    "codecs",
    "inbox",
    "tenants",
    "readings",
)
FILES = [
    path for room in ROOMS for path in sorted((HOUSE / room).rglob("*.py"))
    if "migrations" not in path.parts
]  # fmt: skip
TEMPLATES = [path for room in ROOMS for path in sorted((HOUSE / room).rglob("*.html"))]
# Kana and kanji, half-width kana too; punctuation and the dot between words are no words.
JAPANESE = re.compile(r"[\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff\uff66-\uff9f]")
# What stands in a template between the marks of a translation, or is a remark.
SAID = re.compile(
    r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}"
    r"|{%\s*trans(?:late)?\b.*?%}"
    r"|{%\s*comment\b.*?{%\s*endcomment\s*%}"
    r"|{#.*?#}"
    r"|\b_\((?:\"[^\"]*\"|'[^']*')\)",
    re.DOTALL,
)
CALLS = {"_", *messages.KEYWORDS}
# Japanese that is meant for readers of every language, or has its English beside it.
MEANT = {
    "alarms/models.py": {"日本語"},  # a language is named in itself
    "alarms/replies.py": {  # what people and their programs write in answers
        r"^(from|差出人|送信者) ?[:：]",
        r"^-{2,} ?(元のメッセージ|転送メッセージ|原文)",
        r"^\d{4}[年/.-] ?\d{1,2}[月/.-] ?\d{1,2}.{0,200}(<.{3,200}>|さん|wrote)?.{0,20}[:：]$",
        r"^(sent from my |.{0,20}から送信).{0,40}$",
        r"(確認|了解|承知|受領|わかり|分かり)(しました|です|いたしました|致しました|済み?|ました)?",
        r"配信停止|(送ら|おくら|よこさ)ないで|解約|心当たり|身に覚え",
        r"(送信|通知|配信|メール).{0,6}(停止|不要|中止|やめ|止め)",
    },
    "alarms/wording.py": {"端末名", "場所", "項目", "値", "時刻"},  # slots, beside the English ones
    "alarms/words.py": {"月火水木金土日", "月", "日(", "日", "時間", "分", "秒", "[｡-ﾟ]+"},
    "devices/listing.py": {  # headings of the file, beside the English ones
        "ネットワーク", "端末ID", "名前", "機種", "製造番号", "場所", "その他",
    },
    "devices/models.py": {"オン", "オフ"},  # beside on and off
    "devices/quantities.py": {  # each beside its English
        "電池残量", "電池電圧", "外部電源", "あり", "なし", "電波の余裕", "温度", "端末の温度",
        "位置",
    },
    "outbox/bounces.py": {  # what mail servers and programs write
        "宛先不明", "宛先が見つかりません", "存在しません", "配信できません", "配信不能",
        "送信できませんでした", "【?自動(応答|返信|送信)】?", "不在)",
    },
    "outbox/charsets.py": {"[｡-ﾟ]+"},
    "tenants/numbers.py": {  # the dashes that people type
        r"[\s‐‑‒–—―−ーｰ-]+", r"[\s()‐‑‒–—―−ーｰ-]+",
    },
    "tenants/violations.py": {  # what is left out of a name when two are compared
        "特定非営利活動法人", "一般社団法人", "一般財団法人", "公益社団法人", "公益財団法人",
        "株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "(株)", "(有)", "(同)",
        "・-‐－ー.,、。",
    },
    "ui/templates/ui/_account.html": {"日本語"},
    "web/forms/options.py": {r"^\s*(\d{1,2})\s*[/月-]\s*(\d{1,2})\s*日?\s*$"},
    "web/forms/recipient.py": {"日本語"},
}  # fmt: skip
HOLES = re.compile(r"%\(\w+\)[a-z]|%[a-z%]")
MARKUP = '<>&"'


def ident(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def texts() -> list[Message]:
    return [one for one in messages.kept() if one.id]


def pairs(message: Message) -> Iterator[tuple[str, str]]:
    """Each English form beside the Japanese it stands for."""
    english = message.string if isinstance(message.string, tuple | list) else [message.string]
    japanese = message.id if isinstance(message.id, tuple | list) else [message.id]
    for number, form in enumerate(english):
        yield japanese[min(number, len(japanese) - 1)], form


def test_every_text_has_its_english_and_nothing_is_left_over() -> None:
    messages.check()


def test_placeholders_are_the_same_in_both_languages() -> None:
    unlike = [
        (japanese, english)
        for message in texts()
        for japanese, english in pairs(message)
        if sorted(HOLES.findall(japanese)) != sorted(HOLES.findall(english))
    ]
    assert unlike == []


def test_english_brings_no_markup_of_its_own() -> None:
    # A template writes a translation as it stands, within the quotes of an attribute too.
    added = [
        (sign, english)
        for message in texts()
        for japanese, english in pairs(message)
        for sign in MARKUP
        if english.count(sign) != japanese.count(sign)
    ]
    assert added == []


def test_english_is_written_without_japanese_words_and_marks() -> None:
    strays = re.compile(r"[\u3001-\u3011\u301c\u3041-\u30ff\u3400-\u9fff\uff01-\uff9f!]")
    found = [english for one in texts() for _japanese, english in pairs(one)]
    assert [english for english in found if strays.search(english)] == []


def test_the_compiled_catalogue_says_what_the_written_one_says() -> None:
    compiled = messages.CATALOGUE.with_suffix(".mo")
    assert compiled.exists(), "run `make setup`"
    with compiled.open("rb") as file:
        spoken = gettext.GNUTranslations(file)
    for message in texts():
        for number, (_japanese, english) in enumerate(pairs(message)):
            assert say(spoken, message, 2 if number else 1) == english, "run `make setup`"


def say(spoken: gettext.GNUTranslations, message: Message, count: int) -> str:
    one = message.id
    if isinstance(one, tuple | list):
        return spoken.ngettext(one[0], one[1], count)
    return spoken.pgettext(message.context, one) if message.context else spoken.gettext(one)


@pytest.mark.parametrize("path", FILES, ids=ident)
def test_japanese_in_code_is_inside_a_translation_call(path: Path) -> None:
    bare = [
        f"line {line}: wrap {text!r} in gettext"
        for line, text in bare_in_code(path.read_text())
        if text not in MEANT.get(ident(path), set())
    ]
    assert bare == []


def bare_in_code(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every literal with Japanese words that no translation call holds."""
    tree = ast.parse(source)
    held: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in CALLS:
            held.update(one for word in node.args for one in ast.walk(word))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            held.add(node.value)  # a docstring
    literals = [one for one in ast.walk(tree) if isinstance(one, ast.Constant) and one not in held]
    for literal in literals:
        if isinstance(literal.value, str) and JAPANESE.search(literal.value):
            yield literal.lineno, literal.value


def name_of(called: ast.expr) -> str:
    """What a call calls: gettext, or translation.gettext."""
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


@pytest.mark.parametrize("path", FILES, ids=ident)
def test_no_text_is_translated_before_a_reader_is_known(path: Path) -> None:
    assert list(too_early(ast.parse(path.read_text()))) == [], "use gettext_lazy here"


def too_early(tree: ast.Module) -> Iterator[int]:
    """Lines where a module or class body calls gettext, in whatever language is in force then."""
    at_once = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.name in {"gettext", "ngettext", "pgettext", "npgettext"}
    }
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.Call) and name_of(node.func) in at_once:
                yield node.lineno
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                waiting.append(node)


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_japanese_in_templates_is_inside_a_translation_tag(path: Path) -> None:
    bare = [
        f"line {line}: translate {text!r}"
        for line, text in bare_in_template(path.read_text())
        if text not in MEANT.get(ident(path), set())
    ]
    assert bare == []


def bare_in_template(source: str) -> Iterator[tuple[int, str]]:
    """Line and word of every run of Japanese outside the marks of a translation."""
    rest = SAID.sub(lambda said: "\n" * said[0].count("\n"), source)
    for number, line in enumerate(rest.splitlines(), 1):
        for word in re.finditer(rf"(?:{JAPANESE.pattern})+", line):
            yield number, word[0]


def test_the_rules_of_this_file_see_a_bare_text() -> None:
    code = '"""説明"""\nx = _("計測値")\ny = f"端末 {x}"\n'
    assert list(bare_in_code(code)) == [(3, "端末 ")]
    code = (
        "from django.utils.translation import gettext as _\nx = _('警報')\ny = lambda: _('復帰')\n"
    )
    assert list(too_early(ast.parse(code))) == [2]
    page = '{% translate "復帰" %}\n{# 復帰 #}{{ one|default:_("なし") }}警報\n'
    assert list(bare_in_template(page)) == [(2, "警報")]


def test_what_is_meant_to_be_japanese_is_still_there() -> None:
    for name, words in MEANT.items():
        text = (HOUSE / name).read_text()
        assert [word for word in words if word not in text] == [], name
