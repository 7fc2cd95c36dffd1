"""The office looks into a tenant's data only with a reason, and the list of visits shows all."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox.models import Entry
from noroshi.outbox.models import Message
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry, User, Visit, VisitView
from tests.contracted import make_tenant
from tests.factors import give_app
from tests.office.conftest import EUI, House, a_firm, a_mail, run, send, up, visiting

NEW, GRANT = "office-visit-new", "office-visit-grant"
BUTTON = "理由を書いて閲覧する"


def typed(house: House, **more: object) -> dict[str, object]:
    """A whole form."""
    form = {"tenant": house.tenant.code, "reason": "値が届かない", "ticket": "T-1", "hours": 2}
    return form | more


@pytest.fixture
def measured(house: House, office_sandbox: Sandbox) -> House:
    """The thermometer has sent 37.9 degrees."""
    send(house, up(EUI, b"\x01\x7b", house.now))
    run(office_sandbox, house)
    return house


def test_a_device_shows_its_values_only_with_a_visit_and_that_is_written_down(
    measured: House, office: Client
) -> None:
    url = reverse("office-device", args=[measured.device.code])
    closed = office.get(url).content.decode()
    assert "37.9" not in closed
    assert "最近の受信" not in closed
    assert BUTTON in closed
    assert not VisitView.objects.exists()
    back = office.post(reverse(NEW), typed(measured, next=url))
    assert back["Location"] == url
    shown = office.get(url).content.decode()
    assert "37.9" in shown
    assert "契約者のデータを閲覧中" in shown
    view = VisitView.objects.get()
    assert (view.tenant, view.page, view.path) == (measured.tenant, "office-device", url)


def test_without_a_reason_it_is_refused(measured: House, office: Client) -> None:
    answer = office.post(reverse(NEW), typed(measured, reason=" ", ticket=""))
    assert answer.status_code == 200
    said = answer.content.decode()
    assert "理由を書いてください。" in said
    assert "整理番号を書いてください" in said
    assert not Visit.objects.exists()
    assert not Message.objects.exists()


def test_the_contractor_is_told_by_mail_when_somebody_opens(house: House, office: Client) -> None:
    User.objects.filter(pk=house.user.pk).update(email="aki@example.jp")
    assert office.post(reverse(NEW), typed(house)).status_code == 302
    mail = Message.objects.get()
    assert (mail.tenant, mail.address, mail.kind) == (
        house.tenant,
        "aki@example.jp",
        "visit.opened",
    )


def test_nobody_is_led_out_of_the_office_by_the_way_back(house: House, office: Client) -> None:
    for number, bad in enumerate(("https://evil.example/", "//evil.example/", "/export/")):
        answer = office.post(reverse(NEW), typed(house, next=bad, ticket=f"T-{number}"))
        assert answer["Location"] == "/"  # the tenant's own pages, by this visit


def test_one_tenants_visit_opens_no_other(measured: House, office: Client) -> None:
    other = make_tenant(name="よそ", created_at=measured.now)
    office.post(reverse(NEW), typed(measured, tenant=other.code, next=reverse("office-home")))
    url = reverse("office-device", args=[measured.device.code])
    assert "37.9" not in office.get(url).content.decode()


def test_an_entry_is_an_envelope_until_somebody_says_why(measured: House, office: Client) -> None:
    url = reverse("office-entry", args=[Entry.objects.get().key])
    closed = office.get(url).content.decode()
    assert "自営" in closed  # the connection
    assert "devEui" not in closed
    assert "37.9" not in closed
    visiting(measured)
    assert "37.9" in office.get(url).content.decode()
    assert VisitView.objects.get().page == "office-entry"


def test_a_mail_is_an_envelope_until_somebody_says_why(house: House, office: Client) -> None:
    mail = a_mail(house, "given_up")
    answer = "550 5.1.1 <quality@example.jp>: no such user"
    Message.objects.filter(pk=mail.pk).update(last_answer=answer)
    for url in (reverse("office-mail", args=[mail.pk]), reverse("office-mails")):
        closed = office.get(url).content.decode()
        for secret in ("【警報】", "温度 11.2", "quality@"):
            assert secret not in closed, (url, secret)
        assert "q***@example.jp" in closed
    visiting(house)
    shown = office.get(reverse("office-mail", args=[mail.pk])).content.decode()
    assert "quality@example.jp" in shown
    assert "温度 11.2℃" in shown


def test_a_mail_that_lets_its_reader_in_is_shown_to_nobody_else(
    house: House, office: Client
) -> None:
    mail = a_mail(house, "sent")
    Message.objects.filter(pk=mail.pk).update(
        kind="account.reset", tenant=None, body="https://example.jp/reset/abc/"
    )
    visiting(house)
    said = office.get(reverse("office-mail", args=[mail.pk])).content.decode()
    assert "/reset/" not in said


def test_what_a_tenants_people_changed_stays_theirs(house: House, office: Client) -> None:
    AuditEntry.objects.create(
        tenant=house.tenant, user=house.user, at=house.now, action="recipient.added",
        subject="秘密の人", details={"address": "secret@example.jp"},
    )  # fmt: skip
    url = reverse("office-history")
    for query in ({}, {"q": "秘密"}):
        said = office.get(url, query).content.decode()
        assert "secret@" not in said
        assert "秘密の人" not in said
    assert "通知先を追加" in office.get(url).content.decode()
    visiting(house)
    assert "秘密の人" in office.get(url, {"q": "秘密"}).content.decode()


def test_real_payloads_on_the_workbench_are_a_tenants_data_too(
    measured: House, office: Client
) -> None:
    url = reverse("office-codec", args=[measured.codec.pk])
    asked = {"do": "real", "source": "function decodeUplink() { return {data: {x: 1}}; }"}
    closed = office.post(url, asked).content.decode()
    assert "01 7B" not in closed
    assert BUTTON in closed
    visiting(measured)
    assert "01 7B" in office.post(url, asked).content.decode()
    assert VisitView.objects.get().page == "office-codec"


def test_a_subcontractor_is_let_in_only_with_both_agreements(house: House, alone: Client) -> None:
    mamoru = a_firm(Actor(house.staff, None), house.now, has_agreements=False)
    form = typed(house, visitor=mamoru.pk, scope=["devices"])
    said = alone.post(reverse(GRANT), form).content.decode()
    assert "秘密保持契約（日付と書類）" in said
    assert "個人情報の取扱契約（日付と書類）" in said
    assert not Visit.objects.exists()
    assert alone.post(reverse(GRANT), form | {"visitor": house.user.pk}).status_code == 200
    assert not Visit.objects.exists()


def test_with_them_it_is_and_the_list_shows_and_ends_it(house: House, alone: Client) -> None:
    mamoru = a_firm(Actor(house.staff, None), house.now)
    form = typed(house, visitor=mamoru.pk, scope=["devices", "alarms"])
    assert alone.post(reverse(GRANT), form).status_code == 302
    visit = Visit.objects.get()
    assert visit.visitor == mamoru
    listed = alone.get(reverse("office-visits")).content.decode()
    assert "守 まもる" in listed
    assert (
        "センサー端末と計測値"
        in alone.get(reverse("office-visit", args=[visit.code])).content.decode()
    )
    alone.post(reverse("office-visit-end", args=[visit.code]))
    visit.refresh_from_db()
    assert visit.ended_at is not None


def test_the_list_asks_no_more_for_thirty_than_for_one(
    house: House, office: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    visiting(house)
    office.get(reverse("office-visits"))
    with django_assert_max_num_queries(14):
        office.get(reverse("office-visits"))
    for _number in range(30):
        visiting(house)
    with django_assert_max_num_queries(14):
        office.get(reverse("office-visits"))


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        ("on_duty", "office-inbox", 200),
        ("on_duty", "office-visits", 200),
        ("on_duty", "office-parties", 403),
        ("on_duty", "office-staff", 403),
        ("billing", "office-inbox", 403),
        ("billing", "office-parties", 200),
        ("billing", "office-visits", 403),
        ("billing", "office-history", 403),
        ("reviewer", "office-party-new", 200),
        ("reviewer", "office-codecs", 403),
        ("privacy", "office-staff", 200),
        ("approver", "office-subcontractors", 200),
    ],
)
def test_each_role_opens_its_own_pages_and_is_told_so_of_others(
    role: str, name: str, status: int, house: House
) -> None:
    person = User.objects.create_staff("sora", "s" * 15, role, name="そら")
    give_app(person)
    client = Client(headers={"accept-language": "ja"})
    client.force_login(person)
    answer = client.get(reverse(name))
    assert answer.status_code == status
    if status == 403:
        assert "あなたの役割では開けません。" in answer.content.decode()
    menu = client.get(reverse("office-home")).content.decode()
    if name != "office-party-new":
        assert (f'href="{reverse(name)}"' in menu) == (status == 200)


def test_who_may_read_may_not_therefore_change(house: House) -> None:
    person = User.objects.create_staff("sora", "s" * 15, "billing", name="そら")
    give_app(person)
    client = Client()
    client.force_login(person)
    facts = {"kind": "body", "name": "山の会", "standing": "applicant"}
    assert client.get(reverse("office-party-new")).status_code == 200
    assert client.post(reverse("office-party-new"), facts).status_code == 403
