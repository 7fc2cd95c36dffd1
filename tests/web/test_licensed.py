"""Pages go with the kind of service: what it has not is not there, for members and visitors."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from noroshi.live.viewers import NotYours, stream_of
from noroshi.tenants import kinds
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import KindSwitch, Membership, ServiceKind, User
from noroshi.tenants.visits import SESSION_KEY, Grant, open_staff
from noroshi.web.licensed import MENU_PAGES, PAGES
from noroshi.web.urls import urlpatterns
from tests.contracted import make_tenant
from tests.factors import give_app
from tests.web.conftest import PASSWORD, Cast, signed_in

FILE = "/export/file.csv?since=2026-01-01&until=2026-01-02&shape=long&encoding=utf-8&device=cold2"
ADDRESSES = (
    "/", "/live/home/", "/live/open/", "/devices/", "/d/cold2/",
    "/d/cold2/chart.json?key=temperature",
    "/d/cold2/table/", "/d/cold2/uplinks/", "/incidents/", "/rules/", "/recipients/", "/mails/",
    "/export/", FILE, "/history/", "/users/", "/sign-ins/", "/audits/", "/accesses/",
    "/acts/",
)  # fmt: skip
UNKNOWN = ("/data/", "/csv/", "/api/export/", "/login/")


def turn(switch: str, value: str, kind: str = "SG") -> None:
    """From today on."""
    now = timezone.now()
    KindSwitch.objects.create(
        kind_id=kind, switch=switch, value=value, since=kinds.japans_day(now), reason="x", at=now
    )


def test_a_contract_without_accounts_has_no_page_at_all(cast: Cast, aki: Client) -> None:
    for address in ADDRESSES:
        assert aki.get(address).status_code != 404, address
    turn("has_account", "no")
    for address in (*ADDRESSES, *UNKNOWN):
        assert aki.get(address).status_code == 404, address
        assert aki.post(address).status_code in {404, 405}, address


def test_no_account_can_be_put_in_for_a_contract_of_trap_mails(cast: Cast) -> None:
    trapper = make_tenant(name="捕獲協議会", kind_id="WANA", created_at=cast.now)
    with pytest.raises(IntegrityError, match="has no accounts"), transaction.atomic():
        Membership.objects.create(tenant=trapper, user=User.objects.get(login="aki"), role="admin")


def test_who_has_another_contract_cannot_choose_the_one_without_accounts(
    cast: Cast, aki: Client
) -> None:
    lr = make_tenant(
        name="丘の会", code="oka", kind=ServiceKind.objects.get(code="LR"), created_at=cast.now
    )
    Membership.objects.create(tenant=lr, user=User.objects.get(login="aki"), role="admin")
    turn("has_account", "no")
    assert aki.post("/as/aki-tenant/").status_code == 404
    page = aki.get("/").content.decode()
    assert "丘の会" in page
    assert "米野木青果" not in page


def test_nobody_visits_a_contract_without_accounts(cast: Cast) -> None:
    staff = User.objects.create_staff("mori", PASSWORD, "privacy", name="森")
    give_app(staff)
    visit = open_staff(cast.tenant, Grant("確認", "T-1", 1), Actor(staff, None), cast.now)
    browser = signed_in("mori")
    session = browser.session
    session[SESSION_KEY] = visit.code
    session.save()
    assert browser.get("/devices/").status_code == 200
    turn("has_account", "no")
    assert browser.get("/devices/").status_code == 404


@pytest.mark.django_db(transaction=False)
def test_there_is_no_live_stream_of_it(cast: Cast, aki: Client) -> None:
    cookies = "; ".join(f"{name}={one.value}" for name, one in aki.cookies.items())
    stream = stream_of(cookies, tenant_code=cast.tenant.code, is_office=False)
    assert stream.tenant_id == cast.tenant.pk
    turn("has_account", "no")
    with pytest.raises(NotYours):
        stream_of(cookies, tenant_code=cast.tenant.code, is_office=False)


@pytest.mark.parametrize(
    ("switch", "shut", "open_pages"),
    [
        ("has_csv", ["/export/", "/export/file.csv"], ["/", "/devices/", "/mails/"]),
        ("has_dashboard", ["/", "/devices/", "/d/cold2/"], ["/export/", "/recipients/"]),
        ("has_storage", ["/export/", "/d/cold2/table/", "/d/cold2/uplinks/"], ["/", "/mails/"]),
        ("has_mail", ["/recipients/", "/recipients/new/", "/mails/"], ["/", "/export/"]),
    ],
)
def test_a_page_that_the_kind_has_not_is_not_there_nor_in_the_menu(
    cast: Cast, aki: Client, switch: str, shut: list[str], open_pages: list[str]
) -> None:
    turn(switch, "no")
    for address in shut:
        assert aki.get(address).status_code == 404, address
    for address in open_pages:
        answer = aki.get(address)
        assert answer.status_code == 200, address
        menu = answer.content.decode()
        assert not [gone for gone in shut if f'href="{gone}"' in menu], address


def test_what_begins_tomorrow_is_open_today(cast: Cast, aki: Client) -> None:
    now = timezone.now()
    KindSwitch.objects.create(
        kind_id="SG", switch="has_csv", value="no", reason="x", at=now,
        since=kinds.japans_day(now) + timedelta(days=1),
    )  # fmt: skip
    assert aki.get("/export/").status_code == 200


def test_every_page_that_a_switch_shuts_is_a_page_of_this_door() -> None:
    known = {one.name for one in urlpatterns}
    assert {page for pages in PAGES.values() for page in pages} <= known
    assert {page for pages in PAGES.values() for page in pages} >= MENU_PAGES
