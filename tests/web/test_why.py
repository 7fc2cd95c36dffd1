"""メールが届かないとき: the page of the explainer."""

from django.test import Client
from django.utils import timezone

from tests.web.conftest import Cast


def ask(client: Client, cast: Cast) -> str:
    local = timezone.localtime(cast.now)
    told = {
        "device": cast.device.code,
        "recipient": cast.recipient.code,
        "at": f"{local:%Y-%m-%dT%H:%M}",
    }
    answer = client.get("/why/", told)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_question_comes_first(cast: Cast, aki: Client) -> None:
    page = aki.get("/why/").content.decode()
    assert cast.device.name in page
    assert cast.recipient.name in page


def test_the_answer_is_one_sentence_with_the_alarm_behind_it(cast: Cast, aki: Client) -> None:
    page = ask(aki, cast)
    assert '<p class="note">' in page
    assert f"/incidents/{cast.incident.code}/" in page


def test_a_stranger_learns_nothing(cast: Cast, chie: Client) -> None:
    page = ask(chie, cast)
    assert '<p class="note">' not in page
    assert cast.device.name not in page
