"""One rule for many devices through the pages: chosen, read, changed with whom it touches."""

import pytest
from django.test import Client

from noroshi.alarms.models import Rule, SharedRule
from noroshi.devices.models import Device
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


def test_a_rule_for_many_is_tried_out_with_one_of_them(cast: Cast, aki: Client) -> None:
    page = aki.post("/rules/many/?scope=type:温度計&key=temperature", TERMS | {"do": "try"})
    assert "この条件なら、" in page.content.decode()
    assert "「第2冷蔵庫」で試しました。" in page.content.decode()
    assert SharedRule.objects.count() == 1


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
