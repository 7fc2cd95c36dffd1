"""Rules: sentences, the form in three steps, its errors; recipients: who gets what."""

import pytest
from django.test import Client

from noroshi.alarms.models import Recipient, Rule
from noroshi.tenants.models import AuditEntry
from tests.web.conftest import Cast
from tests.web.deeds import confirmed
from tests.web.test_home import text_of

NEW = "/rules/new/?device=cold2&key=temperature"
TERMS = {
    "upper": "8.5", "lower": "-2", "margin": "0.5", "hold_min": "90", "recipients": ["chief"],
    "is_active": "on",
}  # fmt: skip


def test_a_rule_reads_as_a_plain_sentence(cast: Cast, aki: Client) -> None:
    wanted = "第2冷蔵庫 の 温度 が 10.0℃ より高い状態が 15分 続いたら 1名に知らせる"
    for address in ("/rules/", "/d/cold2/rules/", "/rules/rule1/", "/recipients/chief/"):
        assert wanted in text_of(aki, address)
    assert "復帰は 9.0℃ 以下" in text_of(aki, "/rules/")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lower": 0.0, "hold_s": 0}, "が 10.0℃ より高いか 0.0℃ より低いとき、すぐに"),
        ({"upper": None, "lower": -18.0}, "が −18.0℃ より低い状態が 15分"),
        ({"hold_s": 5400}, "状態が 1時間30分 続いたら"),
        ({"hold_s": 45}, "状態が 45秒 続いたら"),
        ({"key": "door", "upper": 0.5, "margin": 0}, "扉 が 「開」の状態が"),
        ({"key": "door", "upper": None, "lower": 0.5}, "扉 が 「閉」の状態が"),
    ],
)
def test_every_kind_of_condition_has_its_words(
    fields: dict[str, object], words: str, cast: Cast, aki: Client
) -> None:
    Rule.objects.update(**fields)
    assert words in text_of(aki, "/rules/")


def test_a_paused_recipient_is_not_counted_as_told(cast: Cast, aki: Client) -> None:
    aki.post("/recipients/chief/pause/")
    page = text_of(aki, "/rules/")
    assert "記録だけする（通知先なし）" in page
    assert "工場長（停止中）" in page


def test_the_form_is_reached_by_device_and_quantity(cast: Cast, aki: Client) -> None:
    assert 'value="cold2"' in text_of(aki, "/rules/new/")
    choices = text_of(aki, "/rules/new/?device=cold2")
    assert 'value="temperature"' in choices
    assert 'value="door"' in choices
    assert 'value="note"' in choices  # a text may become another
    assert 'value="@radio"' in choices
    assert 'name="upper"' in text_of(aki, NEW)
    assert 'name="when"' in text_of(aki, "/rules/new/?device=cold2&key=door")


def test_a_rule_is_made_with_its_recipients_and_written_down(cast: Cast, aki: Client) -> None:
    assert aki.post(NEW, TERMS).status_code == 302
    rule = Rule.objects.latest("pk")
    assert (rule.upper, rule.lower, rule.margin, rule.hold_s) == (8.5, -2.0, 0.5, 5400)
    assert list(rule.recipients.all()) == [cast.recipient]
    assert AuditEntry.objects.filter(action="rule.made", tenant=cast.tenant).exists()


def test_a_truth_value_is_watched_by_its_word(cast: Cast, aki: Client) -> None:
    address = "/rules/new/?device=cold2&key=door"
    aki.post(address, {"when": "off", "hold_min": "0", "is_active": "on"})
    assert (Rule.objects.latest("pk").upper, Rule.objects.latest("pk").lower) == (None, 0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"upper": "", "lower": ""}, "少なくともどちらか"),
        ({"upper": "-3"}, "上限は下限より大きく"),
        ({"margin": "11"}, "復帰の幅が、上限と下限の間より広く"),
        ({"margin": "-1"}, 'class="error"'),
        ({"upper": "nan"}, 'class="error"'),
        ({"upper": "1e400"}, 'class="error"'),
        ({"hold_min": "1441"}, 'class="error"'),
        ({"recipients": ["nobody"]}, 'class="error"'),
    ],
)
def test_terms_that_make_no_sense_are_told_beside_the_field_and_kept(
    change: dict[str, object], words: str, cast: Cast, aki: Client
) -> None:
    page = aki.post(NEW, TERMS | change).content.decode()
    assert words in page
    assert 'value="90"' in page or "hold_min" in change
    assert Rule.objects.count() == 1


def test_a_rule_is_changed_and_removed(cast: Cast, aki: Client) -> None:
    assert aki.post("/rules/rule1/", TERMS | {"recipients": []}).status_code == 302
    rule = Rule.objects.get()
    assert rule.upper == 8.5
    assert not rule.recipients.exists()
    assert "10.0 → 8.5" in text_of(aki, "/history/")
    aki.post("/rules/rule1/remove/")
    assert not Rule.objects.exists()


def test_a_recipient_is_added_with_the_address_tidied(cast: Cast, aki: Client) -> None:
    sent = {"name": "佐藤", "address": " sato@Example.JP ", "language": "en"}
    confirmed(aki, aki.post("/recipients/new/", sent))
    assert Recipient.objects.get(name="佐藤").address == "sato@example.jp"
    assert "佐藤" in text_of(aki, "/recipients/")


def test_an_old_carrier_address_is_taken_with_a_caution(cast: Cast, aki: Client) -> None:
    sent = {"name": "佐藤", "address": "sato..qc.@docomo.ne.jp", "language": "ja"}
    asked = aki.post("/recipients/new/", sent)
    assert "古い形のアドレス" in text_of(aki, asked["Location"])
    confirmed(aki, asked)
    assert Recipient.objects.filter(address="sato..qc.@docomo.ne.jp").exists()


@pytest.mark.parametrize(
    "address",
    ["", "sato", "sato@", "sato@host", "sato..qc@example.jp", "a b@example.jp", "a@b@example.jp",
     "a@example.jp\nBcc: x@example.jp", "CHIEF@example.jp", "x" * 255 + "@example.jp"],
)  # fmt: skip
def test_an_address_no_mail_can_reach_or_that_is_there_is_refused(
    address: str, cast: Cast, aki: Client
) -> None:
    sent = {"name": "佐藤", "address": address, "language": "ja"}
    page = aki.post("/recipients/new/", sent).content.decode()
    assert 'class="error"' in page
    assert 'value="佐藤"' in page
    assert Recipient.objects.count() == 1


def test_pausing_changing_and_removing_a_recipient_is_written_down(cast: Cast, aki: Client) -> None:
    aki.post("/recipients/chief/pause/")
    assert not Recipient.objects.get().is_active
    sent = {"name": "工場長 鈴木", "address": "chief@example.jp", "language": "ja"}
    confirmed(aki, aki.post("/recipients/chief/", sent))
    assert not Recipient.objects.get().is_active  # a new name wakes nobody
    aki.post("/recipients/chief/pause/")
    assert Recipient.objects.get().is_active
    confirmed(aki, aki.post("/recipients/chief/remove/"))
    assert not Recipient.objects.exists()
    told = AuditEntry.objects.filter(tenant=cast.tenant).order_by("pk")
    done = [entry.action for entry in told if entry.action.startswith("recipient.")]
    assert done == ["recipient.changed"] * 3 + ["recipient.removed"]
    assert "通知先を削除" in text_of(aki, "/history/")


def test_the_list_names_the_devices_each_person_hears_of(cast: Cast, aki: Client) -> None:
    assert "第2冷蔵庫" in text_of(aki, "/recipients/")
    cast.rule.recipients.clear()
    assert "どの条件にも入っていません" in text_of(aki, "/recipients/")
