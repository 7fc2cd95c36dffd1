"""Audit access filed by the contractor, and what it sees of who looked in from outside."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.outbox.models import Message
from noroshi.tenants.models import IssuedCredential, Membership, User, Visit, VisitView
from tests.web.conftest import Cast


def typed(at: datetime) -> str:
    """An instant as a browser sends it, in the person's time zone."""
    return f"{timezone.localtime(at, timezone.get_default_timezone()):%Y-%m-%dT%H:%M}"


@pytest.fixture
def notice(cast: Cast) -> dict[str, str]:
    """A notice for three days, from now, of Ben's view."""
    return {
        "name": "監査 太郎",
        "department": "auditor",
        "reason": "期末の内部統制の確認",
        "on_behalf_of": str(Membership.objects.get(user__login="ben").pk),
        "email": "",
        "since": "",
        "until": typed(cast.now + timedelta(days=3)),
    }


def filed() -> Visit:
    """The one visit that a test has filed."""
    return Visit.objects.get(visitor_name="監査 太郎")


def test_a_notice_is_received_at_once_and_the_link_is_shown_once(
    cast: Cast, aki: Client, notice: dict[str, str]
) -> None:
    User.objects.filter(login="aki").update(email="aki@example.jp")
    answer = aki.post("/audits/new/", notice)
    assert answer.status_code == 200
    visit = filed()
    page = answer.content.decode()
    credential = IssuedCredential.objects.get(user=visit.visitor)
    assert (credential.way, visit.visitor.kind) == ("link", "audit")
    assert visit.visitor.login in page
    assert visit.ticket in page
    assert "no-store" in answer["Cache-Control"]
    assert visit.on_behalf_of == Membership.objects.get(user__login="ben")
    link = next(
        word for word in page.replace('"', " ").replace("<", " ").split() if "/begin/" in word
    )
    secret = link.rstrip("/").rpartition("/")[2]
    for path in ("/audits/", f"/audits/{visit.code}/", "/history/", "/mails/"):
        assert secret not in aki.get(path).content.decode()
    mails = Message.objects.filter(about=visit.code)
    assert {one.address for one in mails if one.tenant_id} == {"aki@example.jp"}
    for one in mails:
        assert secret not in one.body
        assert "監査アクセスの事前通知" in one.subject


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"until_days": 32}, "31日"),
        ({"until_days": -1}, "開始より後"),
        ({"since_days": -1}, "いまより後の時刻"),
        ({"reason": " "}, "必須"),
        ({"department": "friend"}, "friend"),
        ({"on_behalf_of": "0"}, "0"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_with_the_reason(
    cast: Cast, aki: Client, notice: dict[str, str], changed: dict[str, object], words: str
) -> None:
    for name in ("since", "until"):
        days = changed.pop(f"{name}_days", None)
        if isinstance(days, int):
            changed[name] = typed(cast.now + timedelta(days=days))
    answer = aki.post("/audits/new/", notice | changed)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Visit.objects.filter(visitor_name="監査 太郎").exists()
    assert not User.objects.filter(name="監査 太郎").exists()


def test_nobody_elses_view_can_be_had(cast: Cast, aki: Client, notice: dict[str, str]) -> None:
    chie = Membership.objects.get(user__login="chie")
    aki.post("/audits/new/", notice | {"on_behalf_of": str(chie.pk)})
    assert not Visit.objects.filter(visitor_name="監査 太郎").exists()
    assert "Chie" not in aki.get("/audits/new/").content.decode()


def test_the_contractor_sees_every_page_and_ends_it_early(cast: Cast, aki: Client) -> None:
    address = f"/audits/{cast.audit.code}/"
    assert "閲覧中" in aki.get("/audits/").content.decode()
    VisitView.objects.create(
        visit=cast.audit, tenant=cast.tenant, at=cast.now, page="device", path="/d/cold2/"
    )
    page = aki.get(address).content.decode()
    assert "/d/cold2/" in page
    assert "端末の計測値" in page
    assert aki.post(f"{address}end/").status_code == 302
    assert Visit.objects.get(pk=cast.audit.pk).ended_at is not None
    assert "終了しました" in aki.get(address).content.decode()


def test_a_notice_for_later_is_received_and_not_open(
    cast: Cast, aki: Client, notice: dict[str, str]
) -> None:
    since = typed(cast.now + timedelta(days=1))
    assert aki.post("/audits/new/", notice | {"since": since}).status_code == 200
    assert "受付済（開始前）" in aki.get("/audits/").content.decode()


def test_each_look_of_the_providers_side_is_there_at_once(cast: Cast, aki: Client) -> None:
    page = aki.get("/accesses/").content.decode()
    assert cast.visit.reason in page
    assert cast.visit.ticket in page
    assert cast.audit.code not in page
    VisitView.objects.create(
        visit=cast.visit, tenant=cast.tenant, at=cast.now, page="mails", path="/mails/?page=2"
    )
    assert "/mails/?page=2" in aki.get(f"/accesses/{cast.visit.code}/").content.decode()


def test_audits_and_accesses_are_not_mixed_up_nor_seen_by_strangers(
    cast: Cast, aki: Client, chie: Client
) -> None:
    for address in (f"/audits/{cast.visit.code}/", f"/accesses/{cast.audit.code}/"):
        assert aki.get(address).status_code == 404
    assert aki.post(f"/audits/{cast.visit.code}/end/").status_code == 404
    assert chie.post(f"/audits/{cast.audit.code}/end/").status_code == 404
    assert Visit.objects.filter(ended_at=None).count() == 2
    for path in ("/audits/", "/accesses/"):
        assert "visit-" not in chie.get(path).content.decode()
