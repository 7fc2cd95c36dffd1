"""The office's page of what came in by mail: read as text, looked at, closed; quotes are hidden."""

from datetime import datetime

from django.test import Client
from django.urls import reverse

from noroshi.office.board import board
from noroshi.outbox.models import Incoming, Message
from noroshi.tenants.models import AuditEntry
from tests.office.conftest import House, a_mail

HTML = (
    b"From: a@example.jp\r\nSubject: =?utf-8?B?44GK5bCL44Gt?=\r\n"
    b"Content-Type: multipart/alternative; boundary=b1\r\n\r\n"
    b"--b1\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n"
    b"--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n<b>plain words</b>\r\n--b1--\r\n"
)


def came(at: datetime, *, about: Message | None = None, kind: str = "reply") -> Incoming:
    return Incoming.objects.create(
        received_at=at, peer="192.0.2.7", sender="ohno@example.jp", size=len(HTML), raw=HTML,
        recipient="noroshi@example.jp", state="kept", kind=kind, message=about,
    )  # fmt: skip


def page(office: Client, mail: Incoming) -> str:
    return office.get(reverse("office-incoming-one", args=[mail.pk])).content.decode()


def test_an_answer_of_a_person_is_read_as_text_and_closed(house: House, office: Client) -> None:
    mail = came(house.now)
    listed = office.get(reverse("office-incoming")).content.decode()
    assert "お尋ね" in listed
    text = page(office, mail)
    assert "&lt;b&gt;plain words&lt;/b&gt;" in text
    assert "<script>alert" not in text
    office.post(reverse("office-incoming-close", args=[mail.pk]))
    mail.refresh_from_db()
    assert mail.state == "closed"
    assert mail.settled_by is not None
    assert AuditEntry.objects.get(action="incoming.closed").user == mail.settled_by
    assert "お尋ね" not in office.get(reverse("office-incoming")).content.decode()
    assert "お尋ね" in office.get(reverse("office-incoming"), {"state": "closed"}).content.decode()


def test_what_may_quote_a_contractors_mail_is_not_shown(house: House, office: Client) -> None:
    about = a_mail(house, "sent")
    assert about.tenant is not None
    mail = came(house.now, about=about, kind="other")
    for text in (page(office, mail), office.get(reverse("office-incoming")).content.decode()):
        assert "お尋ね" not in text
        assert "plain words" not in text
        assert "ohno@" not in text
    reply = came(house.now, about=about)
    assert "plain words" in page(office, reply)


def test_what_waits_for_a_person_stands_on_the_board(house: House, office: Client) -> None:
    assert board(house.now).tasks == []
    came(house.now)
    (task,) = board(house.now).tasks
    assert task.url == reverse("office-incoming")


def test_a_mail_that_nothing_can_read_is_shown_raw(house: House, office: Client) -> None:
    mail = came(house.now)
    Incoming.objects.update(raw=bytes(range(256)))
    assert page(office, mail)
    assert office.get(reverse("office-incoming")).status_code == 200
