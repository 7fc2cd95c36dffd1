"""Rules of every kind through the form: built as a sentence, kept, read as a sentence, changed."""

import pytest
from django.test import Client

from noroshi.alarms.conditions import KINDS
from noroshi.alarms.models import Incident, Rule
from noroshi.devices.models import Quantity
from noroshi.web.forms.kinds import PARTS
from tests.web.conftest import Cast
from tests.web.test_home import text_of

HELD = {"hold_min": "15"}
# kind, quantity, fields, and what the list says of it
CASES = [
    ("limits", "temperature", HELD | {"upper": "10"}, "温度 が 10.0℃ より高い状態が 15分 続いたら"),
    ("limits", "door", HELD | {"when": "on"}, "扉 が 「開」の状態が 15分 続いたら"),
    (
        "inside", "temperature", HELD | {"lower": "2", "upper": "4"},
        "温度 が 2.0℃ 以上 4.0℃ 以下の状態が",
    ),
    ("equals", "note", {"hold_min": "0", "value": "FULL"}, "メモ が 「FULL」のとき、すぐに"),
    ("changed", "door", {"hold_min": "0", "value": "on"}, "扉 が 「開」に変わったとき、すぐに"),
    (
        "rate", "temperature", {"hold_min": "0", "within_min": "30", "by": "5", "direction": "up"},
        "温度 が 30分で 5.0℃ 以上 上がったとき、すぐに",
    ),
    (
        "difference", "temperature", {"hold_min": "0", "other": "outside", "upper": "3"},
        "温度 が 「外気温」との差が 3.0℃ より大きいとき",
    ),
    (
        "stuck", "temperature", {"for_h": "6", "tolerance": "0"},
        "温度 が 6時間 のあいだ まったく変わらないとき",
    ),
    (
        "count", "temperature", {"of": "5", "count": "3", "upper": "10"},
        "温度 が 5回のうち 3回以上 10.0℃ より高いとき",
    ),
    ("battery", "battery", {"hold_min": "0", "limit": "20"}, "電池 が 20% より少ないとき"),
    ("forecast", "battery", {"days": "30", "empty": "0"}, "電池 が 30日以内に 0% になりそうなとき"),
    (
        "heat", "temperature", {"since": "2026-04-01", "target": "1000", "base": "10"},
        "温度の積算 が 4月1日から 10℃を超えた分で 1000℃日 に達したとき",
    ),
    (
        "wbgt", "temperature",
        {"hold_min": "0", "humidity": "humidity", "place": "sun", "level": "28"},
        "暑さ指数（WBGT・推定） が 日なたで 28℃ 以上のとき",
    ),
    (
        "leaves", "location", {"hold_min": "0", "lat": "35.1", "lng": "137.0", "radius_m": "500"},
        "位置 が 決めた場所から 500m より離れたとき",
    ),
    ("silence", "@radio", {"intervals": "3"}, "受信 が いつもの間隔の 3回分 ないとき"),
    ("lost", "@radio", {"of": "20", "count": "5"}, "受信 が 最近20回のうち 5回以上 抜けたとき"),
    (
        "link", "@radio", {"what": "rssi", "of": "10", "below": "-120"},
        "電波の強さ が 最近10回の真ん中の値で −120dBm より低いとき",
    ),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _more_quantities(cast: Cast) -> None:
    more = [
        ("outside", "外気温", "℃", "number", 1), ("humidity", "湿度", "%", "number", 0),
        ("battery", "電池", "%", "number", 0), ("location", "位置", "", "position", 0),
        ("note", "メモ", "", "text", 0),
    ]  # fmt: skip
    for key, name, unit, kind, decimals in more:
        Quantity.objects.get_or_create(
            type=cast.type, key=key,
            defaults={"name_ja": name, "unit": unit, "kind": kind, "decimals": decimals},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "key", "fields", "words"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES]
)
def test_a_rule_is_built_and_read_as_a_sentence(
    kind: str, key: str, fields: dict[str, str], words: str, cast: Cast, aki: Client
) -> None:
    new = f"/rules/new/?device=cold2&key={key}&kind={kind}"
    page = text_of(aki, new)
    assert all(f'name="{name}"' in page for name in fields)
    assert aki.post(new, fields | {"is_active": "on"}).status_code == 302
    rule = Rule.objects.latest("pk")
    assert (rule.kind, rule.key) == (kind, key)
    assert words in text_of(aki, "/rules/")
    # Saved again as it stands, it is what it was.
    page = text_of(aki, f"/rules/{rule.code}/")
    assert words in page
    assert aki.post(f"/rules/{rule.code}/", fields | {"is_active": "on"}).status_code == 302
    again = Rule.objects.get(pk=rule.pk)
    assert again.plan == rule.plan


def test_every_kind_can_be_asked_for() -> None:
    assert PARTS.keys() == KINDS.keys() == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("kind", "key", "fields", "words"),
    [
        ("inside", "temperature", {"lower": "4", "upper": "2"}, "下限は、上限より小さく"),
        ("rate", "temperature", {"within_min": "30", "by": "0", "direction": "up"}, "0より大きく"),
        ("difference", "temperature", {"other": "outside"}, "上限か下限のどちらか"),
        ("difference", "temperature", {"other": "nobody", "upper": "1"}, 'class="error"'),
        ("count", "temperature", {"of": "3", "count": "5", "upper": "10"}, "短すぎるか長すぎ"),
        ("lost", "@radio", {"of": "5", "count": "5"}, "短すぎるか長すぎ"),
        ("leaves", "location", {"lat": "99", "lng": "0", "radius_m": "5"}, "緯度・経度"),
        ("rate", "temperature", {"within_min": "", "by": "5", "direction": "up"}, "何分のうちに"),
        ("stuck", "temperature", {"for_h": "6", "tolerance": "0", "season_from": "x"}, "7/1 の"),
        (
            "stuck", "temperature",
            {"for_h": "6", "tolerance": "0", "season_from": "13/1", "season_until": "2/1"},
            "時間帯が正しくありません",
        ),
        (
            "stuck", "temperature", {"for_h": "6", "tolerance": "0", "until": "2020-01-01T00:00"},
            "一時的な変更",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_and_nothing_is_kept(
    kind: str, key: str, fields: dict[str, str], words: str, cast: Cast, aki: Client
) -> None:
    sent = {"hold_min": "0", "is_active": "on"} | fields
    page = aki.post(f"/rules/new/?device=cold2&key={key}&kind={kind}", sent).content.decode()
    assert words in page
    assert Rule.objects.count() == 1


def test_a_kind_that_does_not_fit_is_the_commonest_one(cast: Cast, aki: Client) -> None:
    assert 'name="upper"' in text_of(aki, "/rules/new/?device=cold2&key=temperature&kind=leaves")
    assert 'name="intervals"' in text_of(aki, "/rules/new/?device=cold2&key=@radio&kind=<b>")


def test_hours_season_missing_data_and_a_change_for_a_time_are_kept_and_said(
    cast: Cast, aki: Client
) -> None:
    sent = {
        "upper": "10", "hold_min": "0", "margin": "1", "is_active": "on", "hours_from": "22:00",
        "hours_until": "06:00", "weekdays": ["0", "1", "2", "3", "4"], "holidays": "never",
        "season_from": "7/1", "season_until": "9月30日", "clear_min": "10", "missing": "alarm",
        "until": "2099-01-01T00:00", "until_upper": "15",
    }  # fmt: skip
    page = aki.post("/rules/rule1/", sent | {"until": "2099-01-01T00:00"}).content.decode()
    assert "一時的な変更は、はじめより後の、1年以内" in page
    del sent["until"]
    assert aki.post("/rules/rule1/", sent).status_code == 302
    rule = Rule.objects.get()
    assert not rule.is_plain
    said = text_of(aki, "/rules/")
    for words in (
        "復帰は 9.0℃ 以下", "22:00〜翌06:00 だけ", "月曜〜金曜 だけ", "祝日は知らせない",
        "7月1日〜9月30日 だけ", "10分 戻ったままなら復帰", "データが届かないときは警報",
    ):  # fmt: skip
        assert words in said
    form = text_of(aki, "/rules/rule1/")
    assert 'value="22:00"' in form
    assert 'value="7/1"' in form
    assert aki.post("/rules/rule1/", TERMS).status_code == 302
    assert Rule.objects.get().is_plain


TERMS = {"upper": "10", "margin": "1", "hold_min": "15", "is_active": "on"}


def test_an_incident_of_another_kind_says_its_condition(cast: Cast, aki: Client) -> None:
    Incident.objects.update(
        kind="rate", options={"by": 5.0, "within_s": 1800}, opened_value=5.4, worst_value=6.1
    )
    for address in ("/", "/incidents/", "/incidents/incident1/", "/d/cold2/"):
        assert "+6.1℃" in text_of(aki, address), address
    assert "30分で 5.0℃ 以上 上がった" in text_of(aki, "/incidents/incident1/")
    Incident.objects.update(kind="silence", options={}, side="gone", key="@radio", limit=600)
    assert "応答なし" in text_of(aki, "/incidents/incident1/")
