"""A visitor in the tenant's own pages: red frame, nothing changes, all is written, then it ends."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.alarms.models import Recipient
from noroshi.tenants import visits
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import User, Visit, VisitView
from noroshi.tenants.visits import Grant
from tests.factors import give_app
from tests.office.conftest import a_firm
from tests.web.conftest import Cast, signed_in

FRAME = "監査閲覧中・変更不可"
READ = ("/", "/devices/", "/incidents/", "/rules/", "/recipients/", "/mails/", "/history/")


@pytest.fixture
def kei(cast: Cast) -> User:
    """Of the office, with a second factor."""
    user = User.objects.create_staff("kei", "k" * 15, "admin", name="事務局 けい")
    give_app(user)
    return user


@pytest.fixture
def auditor(cast: Cast) -> Client:
    """Whom Aki announced; with one visit there is nothing to choose."""
    return signed_in("audit-1")


@pytest.fixture
def staff(cast: Cast, kei: User) -> Client:
    """Kei's browser, in the tenant's pages by a visit with a reason."""
    visit = visits.open_staff(cast.tenant, Grant("確認", "T-1", 1), Actor(kei, None), cast.now)
    client = signed_in("kei")
    client.post(f"/looking/{visit.code}/begin/")
    return client


@pytest.mark.parametrize("path", READ)
def test_an_auditor_sees_the_pages_in_a_red_frame(path: str, cast: Cast, auditor: Client) -> None:
    answer = auditor.get(path)
    assert answer.status_code == 200
    said = answer.content.decode()
    assert FRAME in said
    assert 'class=" visited"' in said
    assert cast.tenant.name in said


def test_a_person_at_home_sees_no_frame(cast: Cast, aki: Client) -> None:
    assert FRAME not in aki.get("/").content.decode()


def test_every_page_is_written_down_with_the_file_too(cast: Cast, auditor: Client) -> None:
    begun = VisitView.objects.count()
    auditor.get("/")
    auditor.get(f"/d/{cast.device.code}/")
    auditor.get(f"/d/{cast.device.code}/chart.json")
    auditor.get("/live/home/", headers={"HX-Request": "true"})
    auditor.get("/live/open/", headers={"HX-Request": "true"})
    day, code = timezone.localdate(), cast.device.code
    file = f"/export/file.csv?since={day}&until={day}&device={code}&encoding=utf-8&shape=long"
    assert auditor.get(file).status_code == 200
    pages = VisitView.objects.order_by("pk").values_list("page", "path")[begun:]
    assert list(pages) == [
        ("home", "/"), ("device", f"/d/{cast.device.code}/"), ("export-file", file[:300]),
    ]  # fmt: skip
    view = VisitView.objects.order_by("pk")[begun]
    assert (view.tenant, view.address) == (cast.tenant, "127.0.0.1")


def test_a_false_header_does_not_hide_a_first_look(cast: Cast, auditor: Client) -> None:
    begun = VisitView.objects.count()
    for path in ("/rules/", "/mails/", f"/d/{cast.device.code}/facts/"):
        auditor.get(path, headers={"HX-Request": "true"})
    assert VisitView.objects.count() == begun + 3


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", [*READ, "/recipients/chief/remove/", "/d/cold2/settings/"])
def test_nothing_changes(path: str, method: str, cast: Cast, auditor: Client) -> None:
    answer = getattr(auditor, method)(path)
    assert answer.status_code in {403, 405}
    if answer.status_code == 403:
        assert FRAME in answer.content.decode()
    assert Recipient.objects.filter(code="chief").exists()


def test_not_even_staff_who_are_administrators_change_anything(cast: Cast, staff: Client) -> None:
    answer = staff.post("/recipients/new/", {"name": "x", "address": "x@example.jp"})
    assert answer.status_code == 403
    assert "事務局が閲覧中" in staff.get("/").content.decode()


def test_an_acknowledgement_and_an_act_of_intent_are_refused(cast: Cast, auditor: Client) -> None:
    assert auditor.post(f"/incidents/{cast.incident.code}/acknowledge/").status_code == 403
    cast.incident.refresh_from_db()
    assert cast.incident.acknowledged_at is None


def test_a_visit_that_is_over_is_nothing_at_the_very_next_request(
    cast: Cast, auditor: Client
) -> None:
    assert auditor.get("/").status_code == 200
    Visit.objects.filter(pk=cast.audit.pk).update(until=timezone.now())
    assert auditor.get(f"/d/{cast.device.code}/").status_code == 404
    after = auditor.get("/devices/", follow=True).content.decode()
    assert cast.device.name not in after
    assert "いま閲覧できる契約者はありません" in after


def test_a_visit_that_the_contractor_ends_is_over_at_once(cast: Cast, staff: Client) -> None:
    assert staff.get("/").status_code == 200
    visit = Visit.objects.get(visitor__login="kei")
    visits.end(visit, Actor(User.objects.get(login="aki"), cast.tenant), timezone.now())
    assert staff.get("/").status_code == 404
    assert staff.get("/").status_code == 302  # the office


def test_before_its_time_there_is_nothing(cast: Cast, auditor: Client) -> None:
    soon = cast.now + timedelta(minutes=5)
    Visit.objects.filter(pk=cast.audit.pk).update(since=soon)
    answer = auditor.get("/")
    assert answer.status_code == 302
    assert answer["Location"] == "/looking/"


def test_staff_without_a_visit_find_no_tenant(cast: Cast, kei: User) -> None:
    assert signed_in("kei").get(f"/d/{cast.device.code}/").status_code == 302


def test_nobody_makes_somebody_elses_visit(cast: Cast, kei: User, chie: Client) -> None:
    mine = visits.open_staff(cast.tenant, Grant("確認", "T-1", 1), Actor(kei, None), cast.now)
    for client in (chie, signed_in("audit-1")):
        assert client.post(f"/looking/{mine.code}/begin/").status_code == 404
        assert client.post(f"/looking/{mine.code}/end/").status_code == 404
    mine.refresh_from_db()
    assert mine.ended_at is None


def test_ending_it_oneself_leads_out(cast: Cast, staff: Client, auditor: Client) -> None:
    visit = Visit.objects.get(visitor__login="kei")
    assert staff.post(f"/looking/{visit.code}/end/")["Location"] == "/office/visits/"
    auditor.get("/")
    assert auditor.post(f"/looking/{cast.audit.code}/end/")["Location"] == "/sign-in/"
    assert auditor.get("/")["Location"].startswith("/sign-in/")
    assert User.objects.get(login="audit-1").state == "closed"


def test_signing_out_works(cast: Cast, auditor: Client) -> None:
    auditor.get("/")
    assert auditor.post("/sign-out/").status_code == 302
    assert auditor.get("/")["Location"].startswith("/sign-in/")


def test_a_subcontractor_sees_what_is_in_scope_and_nothing_else(cast: Cast, kei: User) -> None:
    by = Actor(kei, None)
    mamoru = a_firm(by, cast.now)
    give_app(mamoru)
    grant = Grant("故障の調査", "T-2", 1, ("devices",))
    visits.open_subcontractor(cast.tenant, mamoru, grant, by, cast.now)
    client = signed_in("mamoru")
    said = client.get("/").content.decode()
    assert "委託先が閲覧中" in said
    assert 'href="/devices/"' in said
    assert 'href="/mails/"' not in said
    assert client.get(f"/d/{cast.device.code}/").status_code == 200
    for path in ("/mails/", "/recipients/", "/export/", "/history/", "/rules/", "/incidents/"):
        assert client.get(path).status_code == 404, path


def test_the_contractor_sees_the_look_within_the_minute(
    cast: Cast, staff: Client, aki: Client
) -> None:
    staff.get(f"/d/{cast.device.code}/")
    visit = Visit.objects.get(visitor__login="kei")
    said = aki.get("/accesses/").content.decode()
    assert visit.visitor_name in said
    assert "確認" in said
    opened = aki.get(f"/accesses/{visit.code}/").content.decode()
    assert f"/d/{cast.device.code}/" in opened
