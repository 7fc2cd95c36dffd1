"""Which value holds, and how long a period lasts: without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.contracts import period, prices, registry
from noroshi.contracts.period import BadPeriod, Period
from noroshi.contracts.registry import BadValue, UnknownKey, checked, resolve, said
from noroshi.contracts.resolve import Level, Row, TwoLiveValues, article_of

DAY = date(2026, 11, 22)
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))
STRENGTH = {Level.AMENDMENT: 0, Level.SHEET: 1, Level.TERMS: 2, Level.DEFAULT: 3}


def row(level: Level, text: str, since: date = DAY, until: date | None = None) -> Row:
    return Row(text, level, f"{level} の書面", since, until, "ab" * 32)


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Rows of the three levels that a contract has; on one level they never overlap."""
    rows = []
    for level in (Level.AMENDMENT, Level.SHEET, Level.TERMS):
        ends = sorted(draw(st.lists(DAYS, unique=True, max_size=6)))
        for since, until in zip(ends[::2], [*ends[1::2], None], strict=False):
            if draw(st.booleans()):
                rows.append(row(level, str(draw(st.integers(1, 99))), since, until))
    return draw(st.permutations(rows))


@given(histories(), DAYS)
def test_the_strongest_level_in_force_wins_whatever_the_order_of_the_rows(
    rows: list[Row], day: date
) -> None:
    found = resolve("users_max", rows, "SG", day)
    alive = [one for one in rows if one.since and one.since <= day]
    alive = [one for one in alive if one.until is None or day < one.until]
    best = min(alive, key=lambda one: STRENGTH[one.level], default=None)
    if best is None:
        assert (found.value, found.level, found.since) == (10, Level.DEFAULT, None)
    else:
        told = (found.text, found.level, found.source, found.since, found.document_sha256)
        assert told == (best.text, best.level, best.source, best.since, best.document_sha256)
    others = [one for one in found.wins_over if one.level != Level.DEFAULT]
    assert sorted(map(str, others)) == sorted(map(str, [one for one in alive if one != best]))
    levels = [STRENGTH[level] for level in (found.level, *(one.level for one in found.wins_over))]
    assert levels == sorted(set(levels))


@given(histories(), DAYS)
def test_what_ends_on_a_day_no_longer_holds_on_it(rows: list[Row], day: date) -> None:
    found = resolve("users_max", rows, "SG", day)
    for one in (*found.wins_over, *[one for one in rows if one.text == found.text]):
        if one.until == day:
            assert found.text != one.text or found.since != one.since


def test_two_live_values_of_one_level_are_no_answer() -> None:
    with pytest.raises(TwoLiveValues):
        resolve("users_max", [row(Level.SHEET, "5"), row(Level.SHEET, "6")], "SG", DAY)


def test_the_contract_goes_before_the_terms_and_both_are_told() -> None:
    found = resolve("data_scope", [row(Level.SHEET, "P3Y")], "SG", DAY)
    assert found.value == Period(36, 0)
    assert found.differs
    terms = found.wins_over[0]
    assert (terms.text, terms.level, terms.source) == ("P1Y", Level.TERMS, "規約 第5条第1項")


def test_terms_of_the_contract_take_the_place_of_the_built_in_ones() -> None:
    found = resolve("data_scope", [row(Level.TERMS, "P2Y")], "SG", DAY)
    assert (found.text, found.wins_over) == ("P2Y", ())
    assert not found.differs


def test_the_same_value_twice_is_no_difference() -> None:
    assert not resolve("data_scope", [row(Level.SHEET, "P1Y")], "SG", DAY).differs


def test_a_kind_of_service_has_defaults_of_its_own() -> None:
    assert resolve("recipients_max", [], "SG", DAY).value is None
    assert resolve("recipients_max", [], "WANA", DAY).value == 10
    assert resolve("notice_method", [], "WANA", DAY).value == "mail"


def test_the_article_is_read_from_the_source() -> None:
    assert article_of("規約 第5条第1項") == "第5条第1項"
    assert article_of("申込書 特約") == ""
    assert resolve("data_scope", [], "SG", DAY).article == "第5条第1項"


@pytest.mark.parametrize("key", registry.KEYS)
def test_every_default_is_a_value_of_its_key_and_can_be_said(key: str) -> None:
    for kind in ("SG", "WANA"):
        text = registry.default_of(key, kind).text
        assert checked(key, text) == text
        assert said(key, text)
        assert registry.default_of(key, kind).source


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("users_max", "0"), ("users_max", "-1"), ("users_max", "ten"), ("users_max", "9999999"),
        ("recipients_max", ""), ("data_scope", "1Y"), ("data_scope", "P0D"), ("data_scope", "P"),
        ("data_scope", "P101Y"), ("individual_ids", "maybe"), ("notice_method", "fax"),
        ("widened_class", "x" * 101), ("price.base", "free"), ("price.base", "1 per=month"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_in_words(key: str, text: str) -> None:
    with pytest.raises(BadValue, match="読めません"):
        checked(key, text)


def test_a_key_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownKey):
        checked("speed_max", "3")


def test_a_price_line_is_read_and_said() -> None:
    text = "6000 per=device every=year pay=advance"
    assert prices.parse(text) == prices.PriceLine(6000, "device", "year", "advance", "end")
    assert said("price.devices", text) == "6,000円（税別） 端末ごと 年額 前払い"


@pytest.mark.parametrize(
    ("text", "sent", "last"),
    [
        ("P1Y", date(2027, 11, 22), date(2028, 11, 22)),
        ("P1Y", date(2028, 2, 29), date(2029, 2, 28)),
        ("P3Y", date(2028, 2, 29), date(2031, 2, 28)),
        ("P90D", date(2026, 11, 22), date(2027, 2, 20)),
        ("P1M", date(2027, 1, 31), date(2027, 2, 28)),
        ("P1Y6M10D", date(2026, 8, 31), date(2028, 3, 10)),
    ],
)
def test_what_was_sent_on_a_day_is_kept_to_the_end_of_another(
    text: str, sent: date, last: date
) -> None:
    assert period.parse(text).last_day(sent) == last


@given(st.integers(0, 60), st.integers(0, 400), DAYS)
def test_the_first_day_is_the_first_of_which_the_last_is_not_over(
    months: int, days: int, today: date
) -> None:
    one = Period(months, days)
    first = one.first_day(today)
    assert one.last_day(first) >= today
    assert one.last_day(first - timedelta(days=1)) < today


@pytest.mark.parametrize("text", ["P1Y", "P1Y6M", "P90D", "P3Y2M1D", "P11M"])
def test_a_period_is_written_as_it_was_read(text: str) -> None:
    assert str(period.parse(text)) == text


@pytest.mark.parametrize("text", ["", "P", "PT1H", "P-1Y", "P1W", "p1y", "P1Y ", "P１Y"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadPeriod):
        period.parse(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("1年", "P1Y"), ("１年６か月", "P1Y6M"), ("18 ヶ月", "P1Y6M"), ("90日間", "P90D"),
     ("2 years", "P2Y"), ("1 Year 6 months", "P1Y6M"), ("90 days", "P90D"), (" P3Y ", "P3Y")],
)  # fmt: skip
def test_a_period_may_be_written_as_people_say_it(text: str, kept: str) -> None:
    assert checked("data_scope", text) == kept


@pytest.mark.parametrize("text", ["年", "1", "6か月1年", "0日", "1年半", "P1Y6か月", "101年"])
def test_what_no_person_means_as_a_period_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="読めません"):
        checked("data_scope", text)


def test_no_limit_may_be_written_in_words() -> None:
    assert checked("devices_max", "制限なし") == checked("devices_max", "none") == "none"


def test_a_year_and_a_half_is_said_in_words() -> None:
    assert said("data_scope", "P18M") == "1年 6か月"
    assert said("data_scope", "P90D") == "90日"
