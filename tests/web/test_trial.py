"""A test mail: sent at once, its result shown, and not too often."""

from django.test import Client
from django.urls import reverse

from noroshi.outbox import consent, trial
from noroshi.outbox.models import Message
from noroshi.tenants.models import AuditEntry
from tests.web.conftest import Cast


def press(client: Client) -> "object":
    return client.post(reverse("recipient-test", args=["chief"]), follow=True)


def tried() -> list[Message]:
    return list(Message.objects.filter(kind=trial.KIND))


def test_a_test_mail_leads_to_the_page_of_its_result(cast: Cast, aki: Client) -> None:
    answer = aki.post(reverse("recipient-test", args=["chief"]))
    (mail,) = tried()
    assert mail.address == "chief@example.jp"
    assert answer["Location"] == reverse("mail", args=[mail.pk])
    page = aki.get(answer["Location"]).content.decode()
    assert "送信待ち" in page
    assert "【テスト】" in page
    assert AuditEntry.objects.get(action="recipient.tested").subject == "chief@example.jp"


def test_three_an_hour_are_enough(cast: Cast, aki: Client) -> None:
    for _ in range(5):
        press(aki)
    assert len(tried()) == trial.AN_HOUR_MAX


def test_a_viewer_sends_none(cast: Cast, ben: Client) -> None:
    assert ben.post(reverse("recipient-test", args=["chief"])).status_code == 403
    assert tried() == []


def test_a_stranger_finds_no_recipient_of_ours(cast: Cast, chie: Client) -> None:
    assert chie.post(reverse("recipient-test", args=["chief"])).status_code == 404
    assert tried() == []


def test_who_has_not_said_yes_gets_no_test_mail_either(cast: Cast, aki: Client) -> None:
    consent.ask(cast.tenant, "chief@example.jp", "ja", now=cast.now)
    press(aki)
    assert tried() == []
