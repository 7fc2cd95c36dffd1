"""One rule for many devices through the pages: chosen, read, changed with whom it touches."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.alarms.models import Incident, Rule, SharedRule
from noroshi.devices.models import Device, DeviceType
from noroshi.readings.store import Point, keep_points
from tests.web.conftest import Cast, place
from tests.web.test_home import text_of

TERMS = {"upper": "8", "margin": "1", "hold_min": "5", "recipients": ["chief"], "is_active": "on"}


@pytest.fixture
def mate(cast: Cast) -> Device:
    """One more device at the same site."""
    return place(cast.tenant, cast.type, "第3冷蔵庫", code="cold3", site=cast.site)


@pytest.mark.parametrize(
    ("scope", "head"),
    [("site:本社工場", "「本社工場」の端末"), ("type:温度計", "「温度計」の端末")],
)
def test_a_rule_for_a_site_or_a_type_is_built_and_read(
    scope: str, head: str, cast: Cast, mate: Device, aki: Client
) -> None:
    assert f'value="{scope}"' in text_of(aki, "/rules/new/")
    new = f"/rules/many/?scope={scope}"
    assert 'value="temperature"' in text_of(aki, new)
    page = text_of(aki, f"{new}&key=temperature")
    assert "いま 2台に効きます。" in page
    assert "第2冷蔵庫" in page
    assert "第3冷蔵庫" in page
    assert aki.post(f"{new}&key=temperature", TERMS).status_code == 302
    shared = SharedRule.objects.latest("pk")
    assert shared.rules.count() == 2
    listed = text_of(aki, "/rules/")
    assert f"{head} の 温度 が 8.0℃ より高い状態が 5分 続いたら 1名に知らせる" in listed
    assert "2台" in listed
    assert "でまとめた条件" in text_of(aki, "/d/cold3/rules/")


def test_a_group_is_chosen_by_hand_and_changed(cast: Cast, mate: Device, aki: Client) -> None:
    new = "/rules/many/?scope=group&key=temperature"
    sent = TERMS | {"group": "奥の棚", "devices": ["cold3"]}
    assert aki.post(new, sent).status_code == 302
    shared = SharedRule.objects.latest("pk")
    assert [rule.device.name for rule in shared.rules.all()] == ["第3冷蔵庫"]
    address = f"/rules/many/{shared.code}/"
    assert "いま 1台に効きます。" in text_of(aki, address)
    sent |= {"devices": ["cold2", "cold3"], "upper": "9"}
    answer = aki.post(address, sent, follow=True)
    assert "2台の通知条件を保存しました。" in answer.content.decode()
    assert set(shared.rules.values_list("upper", flat=True)) == {9.0}
    assert aki.post(address, TERMS | {"group": "", "devices": []}).status_code == 200
    assert aki.post(f"{address}remove/").status_code == 302
    assert not Rule.objects.filter(device=mate).exists()


def test_a_copy_is_changed_where_all_are(cast: Cast, aki: Client) -> None:
    aki.post("/rules/many/?scope=type:温度計&key=temperature", TERMS)
    shared = SharedRule.objects.latest("pk")
    copy = shared.rules.get()
    assert aki.get(f"/rules/{copy.code}/")["Location"] == f"/rules/many/{shared.code}/"
    assert aki.post(f"/rules/{copy.code}/remove/").status_code == 404


def test_a_rule_for_many_is_tried_out_with_all_of_them(
    cast: Cast, mate: Device, aki: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(cast, mate, 3)
    sent = TERMS | {"hold_min": "0", "do": "try"}
    page = aki.post("/rules/many/?scope=type:温度計&key=temperature", sent).content.decode()
    assert "過去30日で 4回" in page  # and the reading of the cast itself
    assert "2台の合計です。" in page
    assert "第3冷蔵庫：3回" in page
    assert "第2冷蔵庫：1回" in page
    assert "第3冷蔵庫の過去30日と、鳴ったはずの警報" in page
    assert "/d/cold3/trial.json?" in page
    assert SharedRule.objects.count() == 1
    monkeypatch.setattr("noroshi.web.trial.BUDGET_S", 0.0)
    page = aki.post("/rules/many/?scope=type:温度計&key=temperature", sent).content.decode()
    assert "ほかの1台は試していません。" in page


def test_a_new_group_is_tried_out_with_the_devices_just_chosen(
    cast: Cast, mate: Device, aki: Client
) -> None:
    warm(cast, mate, 3)
    sent = TERMS | {"hold_min": "0", "do": "try", "group": "奥の棚", "devices": ["cold3"]}
    page = aki.post("/rules/many/?scope=group&key=temperature", sent).content.decode()
    assert "過去30日で 3回" in page
    assert "いま 1台に効きます。" in page


def warm(cast: Cast, device: Device, times: int) -> None:
    """Above ten degrees now and then, two days ago."""
    keep_points(
        [
            Point(
                cast.tenant.pk, device.pk, "temperature", "number",
                cast.now - timedelta(hours=48 - n), 12.0 if n % 2 else 5.0,
            )
            for n in range(2 * times + 1)
        ]
    )  # fmt: skip


def test_a_group_offers_the_devices_that_measure_it(cast: Cast, aki: Client) -> None:
    other = DeviceType.objects.create(name_ja="扉", name_en="door", codec=cast.type.codec)
    place(cast.tenant, other, "裏口", code="door1", site=cast.site)
    page = text_of(aki, "/rules/many/?scope=group&key=temperature")
    assert "本社工場 / 第2冷蔵庫" in page
    assert "裏口" not in page
    assert "台に効きます" not in page
    assert "裏口" in text_of(aki, "/rules/many/?scope=group&key=@radio")


def test_a_change_says_which_alarms_it_ends(cast: Cast, aki: Client) -> None:
    aki.post("/rules/many/?scope=type:温度計&key=temperature", TERMS)
    shared = SharedRule.objects.latest("pk")
    address = f"/rules/many/{shared.code}/"
    assert "いま鳴っている警報" not in text_of(aki, address)
    Incident.objects.create(
        tenant=cast.tenant, device=cast.device, rule=shared.rules.get(), key="temperature",
        side="upper", limit=8, since=cast.now, opened_at=cast.now, opened_value=9, worst_value=9,
    )  # fmt: skip
    assert "いま鳴っている警報が1件あります。" in text_of(aki, address)


def test_limits_change_for_a_time_and_the_sentence_says_until_when(cast: Cast, aki: Client) -> None:
    end = timezone.localtime(cast.now) + timedelta(days=30)
    sent = TERMS | {"until": end.strftime("%Y-%m-%dT18:00"), "until_upper": "12"}
    aki.post("/rules/many/?scope=type:温度計&key=temperature", sent)
    said = f"{end.month}月{end.day}日"
    assert f"{said}(" in text_of(aki, "/rules/")
    assert "まで 上限 12.0℃" in text_of(aki, "/rules/")
    assert "まで 上限 12.0℃" in text_of(aki, "/d/cold2/rules/")
    shared = SharedRule.objects.latest("pk")
    over = shared.more["temporary"] | {"until": (cast.now - timedelta(days=1)).isoformat()}
    over["since"] = (cast.now - timedelta(days=2)).isoformat()
    SharedRule.objects.filter(pk=shared.pk).update(more={"temporary": over})
    Rule.objects.filter(shared=shared).update(more={"temporary": over})
    assert "まで 上限" not in text_of(aki, "/rules/")


def test_a_recipient_of_a_rule_for_many_sees_it_once(cast: Cast, mate: Device, aki: Client) -> None:
    aki.post("/rules/many/?scope=type:温度計&key=temperature", TERMS)
    page = text_of(aki, "/recipients/chief/")
    assert page.count("いま 2台に効きます") == 1
    assert "でまとめた条件" not in page


@pytest.mark.parametrize("scope", ["", "site:よそ", "type:なし", "planet:x", "site"])
def test_a_scope_that_is_not_there_is_not_found(scope: str, cast: Cast, aki: Client) -> None:
    assert aki.get(f"/rules/many/?scope={scope}").status_code == 404


def test_the_list_of_rules_costs_the_same_for_many_shared_ones(
    cast: Cast, mate: Device, aki: Client, django_assert_max_num_queries: object
) -> None:
    for _ in range(3):
        aki.post("/rules/many/?scope=type:温度計&key=temperature", TERMS)
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        text_of(aki, "/rules/")
