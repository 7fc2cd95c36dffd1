"""The page of an incident: who has it in hand, what was written, why it was closed."""

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.alarms import links
from noroshi.alarms.links import Claim
from noroshi.alarms.models import Incident, Recipient
from noroshi.outbox.models import Message
from noroshi.tenants.models import AuditEntry
from tests.house.english import japanese_left
from tests.web.conftest import Cast

PAGE = "/incidents/incident1/"


@pytest.fixture
def link(cast: Cast) -> str:
    claim = Claim(cast.tenant.pk, cast.incident.code, cast.recipient.code)
    return f"/a/{links.token_of(claim, now=timezone.now())}/"


def test_whoever_takes_it_stands_on_the_page(cast: Cast, aki: Client) -> None:
    page = aki.post(f"{PAGE}take/", follow=True).content.decode()
    assert "警報の担当になりました" in page
    assert "Akiが担当になった" in page
    assert "担当になる</button>" not in page
    assert "担当はAki" in aki.get("/incidents/").content.decode()


def test_a_comment_stands_in_the_course_and_on_the_chart(cast: Cast, aki: Client) -> None:
    page = aki.post(f"{PAGE}comment/", {"text": "扉が<開いていた>"}, follow=True).content.decode()
    assert "扉が&lt;開いていた&gt;" in page
    chart = aki.get(f"/d/{cast.device.code}/chart.json?key={cast.incident.key}").json()
    assert "扉が<開いていた>" in chart["incidents"][0]["text"]


def test_closing_needs_a_reason(cast: Cast, aki: Client) -> None:
    assert "理由を選んでください" in aki.post(f"{PAGE}settle/", follow=True).content.decode()
    told = {"reason": "empty", "text": "跡なし"}
    page = aki.post(f"{PAGE}settle/", told, follow=True).content.decode()
    assert "終わりにした：空はじきだった" in page
    assert "跡なし" in page
    assert "この警報を終わりにする" not in page


def test_who_may_only_look_changes_nothing(cast: Cast, ben: Client) -> None:
    assert "書き込む" not in ben.get(PAGE).content.decode()
    for deed in ("take", "comment", "settle"):
        assert ben.post(f"{PAGE}{deed}/", {"text": "x", "reason": "done"}).status_code == 403


def test_to_look_at_the_link_of_a_mail_changes_nothing(cast: Cast, link: str) -> None:
    answer = Client().get(link)
    page = answer.content.decode()
    assert cast.device.name in page
    assert "確認した</button>" in page
    assert "no-store" in answer["Cache-Control"]
    assert Incident.objects.get().acknowledged_at is None


def test_whose_mails_are_english_reads_an_english_page(cast: Cast, link: str) -> None:
    Recipient.objects.filter(pk=cast.recipient.pk).update(language="en")
    for page in (Client().get(link), Client().post(link, {"do": "take"}, follow=True)):
        assert '<html lang="en">' in page.content.decode()
        assert japanese_left(page.content.decode()) == []


def test_who_reads_the_mail_in_the_log_gets_no_key_of_its_link(
    cast: Cast, ben: Client, link: str
) -> None:
    Message.objects.filter(pk=cast.message.pk).update(body=f"確認: https://iot.example.jp{link}")
    page = ben.get(f"/mails/{cast.message.pk}/").content.decode()
    assert "https://iot.example.jp/a/…" in page
    assert link not in page


def test_the_button_behind_the_link_acknowledges_in_the_recipients_name(
    cast: Cast, link: str
) -> None:
    page = Client().post(link, {"do": "acknowledge"}, follow=True).content.decode()
    assert "記録しました" in page
    incident = Incident.objects.get()
    assert (incident.acknowledged_by, incident.acknowledged_name) == (None, cast.recipient.name)
    line = AuditEntry.objects.get(action="incident.acknowledged")
    assert cast.recipient.code in str(line.details["by_mail_link_of"])


def test_going_oneself_takes_it_from_another(cast: Cast, aki: Client, link: str) -> None:
    aki.post(f"{PAGE}acknowledge/")
    assert "Aki さんが対応しています" in Client().get(link).content.decode()
    Client().post(link, {"do": "take"})
    assert Incident.objects.get().taken_name == cast.recipient.name
    assert f"{cast.recipient.name}（メールから）が担当になった" in aki.get(PAGE).content.decode()


def test_what_is_over_cannot_be_acknowledged_any_more(cast: Cast, link: str) -> None:
    Incident.objects.update(closed_at=cast.now, closed_value=1)
    for wanted in ("acknowledge", "take"):
        page = Client().post(link, {"do": wanted}, follow=True).content.decode()
        assert "もう終わっています" in page
    assert Incident.objects.get().acknowledged_at is None


def test_a_link_ends_with_its_recipient_and_with_a_freeze(cast: Cast, link: str) -> None:
    cast.tenant.frozen_at = cast.now
    cast.tenant.save(update_fields=["frozen_at"])
    assert Client().post(link, {"do": "take"}).status_code == 410
    cast.tenant.frozen_at = None
    cast.tenant.save(update_fields=["frozen_at"])
    assert Client().get(link).status_code == 200
    cast.recipient.delete()
    assert Client().get(link).status_code == 410


def test_a_forged_post_is_refused(cast: Cast, link: str) -> None:
    assert Client(enforce_csrf_checks=True).post(link, {"do": "take"}).status_code == 403
    assert Incident.objects.get().taken_at is None
