"""The contractor's own sentences through the page: tried out, refused, kept."""

from django.test import Client

from noroshi.alarms.models import Wording
from tests.web.conftest import Cast
from tests.web.test_home import text_of

PATH = "/policy/words/"
EVENTS = ("opened", "repeated", "escalated", "recovered")
EMPTY = {f"{event}-{place}": "" for event in EVENTS for place in ("before", "after")}
SENT = EMPTY | {"opened-before": "{端末名}を見に行く。", "opened-after": "本部 0564-00-0000"}


def test_a_sentence_is_tried_out_with_the_latest_alarm_and_not_kept(
    cast: Cast, aki: Client
) -> None:
    page = aki.post(PATH, SENT | {"do": "try"}).content.decode()
    assert "第2冷蔵庫を見に行く。" in page
    assert "/a/" not in page
    assert not Wording.objects.exists()


def test_sentences_are_kept_and_shown_again(cast: Cast, aki: Client) -> None:
    assert "見に行く" not in text_of(aki, PATH)
    assert aki.post(PATH, SENT | {"do": "save"}).status_code == 302
    assert Wording.objects.get().after == "本部 0564-00-0000"
    page = text_of(aki, PATH)
    assert "{端末名}を見に行く。" in page
    assert "第2冷蔵庫を見に行く。" in page
    assert "メールに添える文を変更" in text_of(aki, "/history/")


def test_an_unknown_word_is_named_beside_its_field(cast: Cast, aki: Client) -> None:
    answer = aki.post(PATH, SENT | {"opened-before": "{だれか}へ", "do": "save"})
    assert "{だれか} は使えません。使えるのは {端末名}" in answer.content.decode()
    assert not Wording.objects.exists()


def test_who_does_not_manage_has_no_such_page(cast: Cast, ben: Client) -> None:
    assert ben.get(PATH).status_code == 403
    assert "policy/words" not in text_of(ben, "/policy/")
