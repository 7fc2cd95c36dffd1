"""T02: the pages forget every filter, and still show one tenant nothing of another."""

from datetime import timedelta

import pytest
from django.db import models
from django.test import Client
from django.utils import timezone

from noroshi.alarms.models import Incident, Recipient, Rule
from noroshi.devices.models import Device, Site
from noroshi.outbox.models import Message
from noroshi.tenants import access
from noroshi.tenants.models import AuditEntry, Membership, Tenant, User
from tests.web import conftest as cast_of_web
from tests.web.addresses import CHANGING, NAMES, OWNED, address_of
from tests.web.conftest import Cast, measure, place, signed_in

aki, cast, _calm_store = cast_of_web.aki, cast_of_web.cast, cast_of_web._calm_store
# A visitor's own pages: they name visits, not rows of a tenant.
VISITORS = {name for name in NAMES if name.startswith("looking")}
OTHERS = [name for name in OWNED if name not in VISITORS]
# What of Aki's nobody else may read, and what of Chie's own stands on Chie's pages.
AKIS = ("第2冷蔵庫", "cold2", "本社工場", "工場長", "chief@example.jp", "incident1", "米野木青果")
CHIES = "千恵の温度計"


@pytest.fixture
def chie(cast: Cast) -> Client:
    """The other tenant's admin, whose tenant is as full of rows as Aki's."""
    tenant = Tenant.objects.get(code="chie-tenant")
    site = Site.objects.create(tenant=tenant, name="千恵の倉庫")
    device = place(tenant, cast.type, CHIES, code="warm9", site=site)
    measure(device, cast.now)
    recipient = Recipient.objects.create(
        tenant=tenant, code="chie-r", name="千恵", address="chie@example.jp", created_at=cast.now
    )
    rule = Rule.objects.create(
        tenant=tenant, code="chie-rule", device=device, key="temperature", upper=9.0,
        created_at=cast.now,
    )  # fmt: skip
    rule.recipients.add(recipient)
    incident = Incident.objects.create(
        tenant=tenant, code="chie-incident", device=device, rule=rule, key="temperature",
        side="upper", limit=9.0, since=cast.now - timedelta(minutes=20),
        opened_at=cast.now, opened_value=11.0, worst_value=11.4,
    )  # fmt: skip
    Message.objects.create(
        tenant=tenant, kind="incident.opened", about=incident.code, address=recipient.address,
        subject=CHIES, body=CHIES, message_id="chie@example.jp", created_at=cast.now,
        due_at=cast.now,
    )  # fmt: skip
    for of, device_name in ((tenant, CHIES), (cast.tenant, cast.device.name)):
        AuditEntry.objects.create(
            tenant=of, at=cast.now, action="device.changed", subject=device_name
        )
    return signed_in("chie")


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutation: the access door hands out every tenant's rows."""

    def all_rows(_member: Membership, model: type[models.Model]) -> models.QuerySet[models.Model]:
        return model._default_manager.all()

    monkeypatch.setattr(access, "rows", all_rows)


def member_of(login: str) -> Membership:
    return Membership.objects.get(user=User.objects.get(login=login))


def test_the_mutation_bites_where_there_is_no_wall(chie: Client, forgetful: None) -> None:
    assert access.rows(member_of("chie"), Device).count() == 2  # the pipeline sees all
    with access.acting_in(member_of("chie").tenant_id, 0):
        assert access.rows(member_of("chie"), Device).count() == 2


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OWNED])
def test_a_page_without_its_filters_shows_nothing_of_another_tenant(
    name: str, cast: Cast, chie: Client, forgetful: None
) -> None:
    address = address_of(name, cast)
    day = timezone.localdate()
    if name == "export-file":
        address += f"?since={day - timedelta(days=2)}&until={day}&device=warm9&device=cold2"
        address += "&encoding=utf-8&shape=long&accepted=1"
    answer = chie.get(address)
    body = answer.getvalue().decode() if answer.streaming else answer.content.decode()
    assert [word for word in AKIS if word in body] == []


@pytest.mark.parametrize("name", OTHERS)
def test_an_address_of_another_tenant_leads_nowhere_even_without_filters(
    name: str, cast: Cast, chie: Client, forgetful: None
) -> None:
    address = address_of(name, cast)
    answer = chie.get(address)
    if answer.status_code == 405:
        answer = chie.post(address)
    assert answer.status_code == 404
    if name in CHANGING:
        assert chie.post(address, {"name": "x"}).status_code == 404
    assert Device.objects.get(pk=cast.device.pk).name == "第2冷蔵庫"
    assert Rule.objects.filter(pk=cast.rule.pk).exists()


@pytest.mark.parametrize(
    "page", ["/", "/devices/", "/incidents/?state=all", "/rules/", "/history/"]
)
def test_the_own_rows_stand_there_all_the_same(
    page: str, cast: Cast, chie: Client, forgetful: None
) -> None:
    assert CHIES in chie.get(page).content.decode()
