"""Who may not see, and who may not change: the stranger and the viewer walk every address."""

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from noroshi.account import urls as hall
from noroshi.alarms.models import Recipient, Rule
from noroshi.tenants.models import Tenant
from tests.web.addresses import NAMES
from tests.web.conftest import Cast


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
