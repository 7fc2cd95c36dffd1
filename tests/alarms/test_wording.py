"""A contractor's own sentences: what may stand in them, and that the mails say them."""

import pytest

from noroshi.alarms.models import Wording
from noroshi.alarms.wording import CHARS_MAX, BadWording, cleaned, filled
from noroshi.alarms.wording_actions import NONE, Words, set_words, words_of
from noroshi.outbox.models import Message
from noroshi.tenants.models import AuditEntry
from tests.alarms.conftest import Store, at

OPENED = Words("{場所}の{端末名}を見てください。", "{項目}は{値}（{時刻}）。")


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("", True),
        ("担当へ電話してください。", True),
        ("{端末名} {場所} {項目} {値} {時刻}", True),
        ("{device} {site} {item} {value} {time}", True),
        ("{名前}", False),
        ("{told}", False),
        ("{端末名.code}", False),
        ("{0}", False),
        ("{端末名!r}", False),
        ("{端末名:>99999}", False),
        ("{", False),
        ("}", False),
        ("{{端末名}}", False),
        ("{% load x %}", False),
        ("あ" * CHARS_MAX, True),
        ("あ" * (CHARS_MAX + 1), False),
        ("\n".join("123456"), True),
        ("\n".join("1234567"), False),
    ],
)
def test_a_sentence_has_known_slots_and_a_length(text: str, is_good: bool) -> None:  # noqa: FBT001
    if is_good:
        assert cleaned(f" {text} \n") == text
    else:
        with pytest.raises(BadWording):
            cleaned(text)


def test_what_stands_in_a_value_is_no_slot() -> None:
    values = {"device": "{値}", "value": "9"}
    assert filled("{端末名}と{値}", values.__getitem__) == "{値}と9"


def test_control_characters_are_left_out() -> None:
    assert cleaned("a\x07b\u202ec") == "abc"


def test_the_mails_of_an_event_say_the_sentences_and_others_do_not(store: Store) -> None:
    store.rule()
    set_words({"opened": OPENED}, by=store.actor, now=at(0))
    store.feed((0, 11.0))
    mail = Message.objects.get(address="aki@example.jp")
    first, *_, last = mail.body.split("\n\n")
    assert first == "本店の冷蔵庫Aを見てください。"
    assert "温度は11.0℃（11月22日(日) 10:00）。" in mail.body
    assert mail.body.index("この通知は") < mail.body.index("温度は11.0℃（")
    assert mail.body.index("温度は11.0℃（") < mail.body.index("/a/")
    assert last
    english = Message.objects.get(address="ben@example.jp").body
    assert "temperatureは11.0℃（Sun 22 Nov 10:00）。" in english
    store.feed((1, 5.0))
    recovered = Message.objects.get(address="aki@example.jp", kind="incident.recovered")
    assert "見てください" not in recovered.body


def test_a_change_is_written_down_once(store: Store) -> None:
    set_words({"opened": OPENED}, by=store.actor, now=at(0))
    set_words({"opened": OPENED}, by=store.actor, now=at(1))
    entry = AuditEntry.objects.get(action="wording.changed")
    assert entry.details["before"] == {"opened": {"before": "", "after": ""}}
    assert entry.details["after"]["opened"]["before"] == OPENED.before
    set_words({"opened": NONE}, by=store.actor, now=at(2))
    assert words_of(store.tenant)["opened"] == NONE


def test_a_bad_sentence_is_kept_nowhere(store: Store) -> None:
    with pytest.raises(BadWording):
        set_words({"opened": OPENED, "recovered": Words("{だれ}")}, by=store.actor, now=at(0))
    with pytest.raises(BadWording):
        set_words({"mass": NONE}, by=store.actor, now=at(0))
    assert not Wording.objects.exists()
