"""What is no password: too short, known, or about the person; everything else is the person's."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.tenants import known_words
from noroshi.tenants.passwords import CHARS_MAX, Surroundings, normal, problems
from noroshi.tenants.romaji import romaji

AKI = Surroundings(
    login="u0012-03",
    names=(
        "緑川 あき",
        "有限会社みどりの里",
        "ミドリノサト",
        "Green Farm",
        "米野木1号",
        "70B3D57ED0012345",
    ),
    phones=("0561-00-1234", "+81 90 1234 5678"),
    has_second_factor=True,
)
KNOWN = "よく使われるパスワードです"
ABOUT = "お名前・契約者名・センサー端末"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("みどりの里2026ねんのこめ", ABOUT),
        ("ﾐﾄﾞﾘﾉｻﾄ-2026", ABOUT),
        ("greenfarm-tambo", ABOUT),
        ("Midori.no.Sato-7", ABOUT),
        ("みどりのさとのこめ", ABOUT),
        ("Green.Farm.Water", ABOUT),
        ("緑川の田んぼのお米", ABOUT),
        ("noroshi-no-hi-9", ABOUT),
        ("u0012-031234", "利用者IDが入っています"),
        ("U001203-tanbo", "利用者IDが入っています"),
        ("70b3d57ed0012345", ABOUT),
        ("米野木1号のわな箱", ABOUT),
        ("0561001234", "電話番号が入っています"),
        ("tel0561-00-1234", "電話番号が入っています"),
        ("090-1234-5678", "電話番号が入っています"),
        ("password1234", KNOWN),
        ("P@ssw0rd2026!", KNOWN),
        ("sakura2026", KNOWN),
        ("S@kura2026!", KNOWN),
        ("2026sakura", KNOWN),
        ("nobunaga1582", KNOWN),
        ("shokipasuwado1", KNOWN),
        ("ｓａｋｕｒａ２０２６", KNOWN),
        ("sakurasakura", KNOWN),
        ("sakuranobunaga", "2つ並べただけ"),
        ("1qaz2wsx3edc", "キーボードの並び"),
        ("qwertyuiop@12", "キーボードの並び"),
        ("abcdefgh12345678", "キーボードの並び"),
        ("aaaaaaaaaaaaaaa", "くり返し"),
        ("xk7pxk7pxk7p", "くり返し"),
        ("田んぼ\x00の水は朝に見る", "制御文字"),
        ("mizu-7", "8文字以上"),
    ],
)
def test_weak_ones_are_refused_with_a_plain_reason(password: str, reason: str) -> None:
    assert any(reason in one for one in problems(password, AKI)), problems(password, AKI)


@pytest.mark.parametrize(
    "password",
    [
        "mizu-to-hikari",
        "田んぼの水は朝に見る",
        "correct horse battery staple",
        "sakura nobunaga mizu kaeru",
        "🐗 が来たら 知らせて",
        "xK9#mQ2vLp",
        "ただいま、三毛猫 と 帰る",
        "        雨の日の傘        ",
    ],
)
def test_any_characters_and_no_mixture_will_do(password: str) -> None:
    assert problems(password, AKI) == ()


def test_a_password_alone_must_be_longer_than_one_with_a_second_factor() -> None:
    alone = Surroundings()
    assert "15文字以上" in problems("kaerutomizu7xq", alone)[0]
    assert problems("kaerutomizu7xqz", alone) == ()
    assert problems("kaerut7x", Surroundings(has_second_factor=True)) == ()


def test_too_long_is_the_only_reason_and_is_found_at_once() -> None:
    assert problems("稲" * (CHARS_MAX + 1)) == ("128文字以内にしてください。",)
    sentence = "".join(chr(0x4E00 + n) for n in range(CHARS_MAX))
    assert problems(sentence) == ()


def test_both_ways_of_writing_a_character_are_one() -> None:
    apart = unicodedata.normalize("NFD", "がぎぐげごバビブ")
    assert apart != normal(apart) == "がぎぐげごバビブ"
    assert problems(apart, AKI) == problems("がぎぐげごバビブ", AKI)


@given(st.text(max_size=200), st.text(max_size=40), st.lists(st.text(max_size=40), max_size=5))
def test_any_text_is_judged_the_same_twice(text: str, login: str, names: list[str]) -> None:
    around = Surroundings(login, tuple(names), tuple(names), has_second_factor=True)
    first = problems(text, around)
    assert first == problems(text, around)
    assert all(first)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=4, max_size=30))
def test_a_contractors_name_is_refused_wherever_it_stands(name: str) -> None:
    around = Surroundings(names=(name,), has_second_factor=True)
    telling = [one for one in unicodedata.normalize("NFKC", name) if one.isalnum()]
    if len(telling) >= 4:
        found = problems(f"稲穂 {name} の朝", around)
        assert any(ABOUT in reason for reason in found)


@pytest.mark.parametrize(
    ("kana", "letters"),
    [
        ("ミドリノサト", "midorinosato"),
        ("しゃちょう", "shachou"),
        ("ｷｮｳｷﾞｶｲ", "kyougikai"),
        ("ジュンコ", "junko"),
        ("さっぽろ", "sapporo"),
        ("あひゃく", "ahyaku"),
        ("ラーメン", "ramen"),
        ("緑川", ""),
        ("", ""),
    ],
)
def test_kana_are_read_as_people_type_them(kana: str, letters: str) -> None:
    assert romaji(kana) == letters


@given(st.text(max_size=50))
def test_any_text_has_a_reading_or_none(text: str) -> None:
    read = romaji(text)
    assert read.isascii()


def test_the_romaji_words_are_many_and_written_plainly() -> None:
    words = known_words.listed("romaji")
    assert len(set(words)) >= 700
    assert all(word.isalpha() and word.islower() and word.isascii() for word in words)
    assert len(known_words.common()) > 20_000
