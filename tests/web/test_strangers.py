"""Who may not see, and who may not change: the stranger and the viewer walk every address."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from noroshi.account import urls as hall
from noroshi.alarms.models import Recipient, Rule
from noroshi.devices.models import Downlink
from noroshi.tenants.models import Membership, Tenant
from tests.web.addresses import CHANGING, MANAGING, NAMES, OWNED, address_of
from tests.web.conftest import Cast

POST_ONLY = {
    "act-for", "downlink-cancel", "incident-acknowledge", "rule-remove", "recipient-pause",
    "recipient-remove", "sign-out", "user-stop", "user-start", "user-end", "audit-end",
    "looking-begin", "looking-end",
}  # fmt: skip


@pytest.mark.parametrize("name", OWNED)
def test_a_stranger_finds_nothing_at_any_address_of_akis(
    name: str, cast: Cast, aki: Client, chie: Client
) -> None:
    address = address_of(name, cast)
    is_post = name in POST_ONLY
    assert (chie.post(address) if is_post else chie.get(address)).status_code == 404
    own = aki.post(address) if is_post else aki.get(address)
    assert own.status_code in {200, 302}


@pytest.mark.parametrize("name", sorted(CHANGING & set(OWNED)))
def test_a_stranger_changes_nothing(name: str, cast: Cast, chie: Client) -> None:
    assert chie.post(address_of(name, cast), {"name": "x"}).status_code == 404
    assert Rule.objects.filter(pk=cast.rule.pk, is_active=True).exists()
    assert Recipient.objects.get(pk=cast.recipient.pk).is_active
    assert Downlink.objects.get(pk=cast.downlink.pk).state == "queued"


@pytest.mark.parametrize("name", sorted(CHANGING))
def test_a_viewer_changes_nothing(name: str, cast: Cast, ben: Client) -> None:
    answer = ben.post(address_of(name, cast), {"name": "x"})
    assert answer.status_code == 403
    assert Rule.objects.filter(pk=cast.rule.pk, is_active=True).exists()
    assert Recipient.objects.get(pk=cast.recipient.pk).is_active


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in CHANGING | POST_ONLY | MANAGING]
)
def test_a_viewer_sees_every_page(name: str, cast: Cast, ben: Client) -> None:
    assert ben.get(address_of(name, cast)).status_code in {200, 302}


@pytest.mark.parametrize("name", sorted(MANAGING))
@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_an_administrator_opens_what_manages_users(
    name: str, role: str, cast: Cast, ben: Client
) -> None:
    Membership.objects.filter(user__login="ben").update(role=role)
    address = address_of(name, cast)
    answer = ben.post(address) if name in POST_ONLY else ben.get(address)
    assert answer.status_code == 403


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"sign-in", "sign-out"}])
def test_nobody_gets_in_without_signing_in(name: str, cast: Cast, client: Client) -> None:
    answer = client.get(address_of(name, cast))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("name", sorted(CHANGING - {"rule-new"}))
def test_the_table_of_changing_addresses_tells_the_truth(
    name: str, cast: Cast, aki: Client
) -> None:
    assert aki.post(address_of(name, cast)).status_code in {200, 302}


def test_every_address_that_takes_an_object_is_walked() -> None:
    walked = set(NAMES)
    for one in get_resolver().url_patterns:
        if isinstance(one, URLPattern) and one.pattern.converters:
            assert one.name in walked
        # The front hall is walked by tests/house/test_matrix.py.
        is_hall = isinstance(one, URLResolver) and one.urlconf_module is hall
        if isinstance(one, URLResolver) and one.pattern.match("") and not is_hall:
            names = {inner.name for inner in one.url_patterns if isinstance(inner, URLPattern)}
            assert names <= walked or all(str(name).startswith("demo") for name in names - walked)


def test_a_stranger_is_offered_none_of_akis_rows_in_forms(cast: Cast, chie: Client) -> None:
    for address in ("/export/", "/rules/new/", "/devices/", "/incidents/?state=all", "/mails/"):
        page = chie.get(address).content.decode()
        assert cast.device.name not in page
        assert cast.device.code not in page


def test_a_stranger_cannot_export_akis_device(cast: Cast, chie: Client) -> None:
    address = f"/export/file.csv?since=2020-01-01&until=2029-12-31&device={cast.device.code}"
    answer = chie.get(f"{address}&encoding=utf-8&shape=long")
    assert answer.status_code == 302  # back to the form, which says that there is no such device


def test_a_stranger_cannot_put_akis_recipient_into_a_rule(
    cast: Cast, aki: Client, chie: Client
) -> None:
    address = f"/rules/new/?device={cast.device.code}&key=temperature"
    terms = {"upper": "5", "hold_min": "0", "is_active": "on"}
    assert chie.post(address, terms).status_code == 404
    foreign = Recipient.objects.create(
        tenant_id=chie_tenant(), code="foreign", name="x", address="x@example.jp",
        created_at=cast.now,
    )  # fmt: skip
    answer = aki.post(address, terms | {"recipients": [foreign.code]})
    assert answer.status_code == 200
    assert Rule.objects.count() == 1


def chie_tenant() -> int:
    """The tenant of the stranger."""
    return Tenant.objects.get(code="chie-tenant").pk
