"""The contractor's own contract, and what it opens."""

import hashlib

import pytest
from django.test import Client
from django.utils import timezone

from noroshi.contracts.actions import Change, amend
from noroshi.contracts.items import Item
from noroshi.contracts.models import Contract
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Tenant, User
from noroshi.web.licensed import LICENSED
from noroshi.web.urls import urlpatterns
from tests.contracted import set_condition, signed
from tests.web.conftest import Cast

FILE = "/export/file.csv?since=2026-01-01&until=2026-01-02&shape=long&encoding=utf-8&device=cold2"


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def without(tenant: Tenant, item: Item) -> None:
    """From today on the contract no longer licenses the item."""
    now = timezone.now()
    by = Actor(User.objects.create_staff("kei", "k" * 15, "admin", name="けい"), None)
    change = Change(japans_day(now), "試験", remove=[item])
    amend(Contract.objects.get(tenant=tenant), change, signed(), by=by, now=now)


def test_the_contractor_reads_its_contract(cast: Cast, aki: Client) -> None:
    set_condition(cast.tenant, data_scope="P3Y")
    said = text_of(aki, "/contract/")
    contract = Contract.objects.get(tenant=cast.tenant)
    for words in (
        contract.number, "利用中", "契約内容", "データ取り出し（CSV）", "保存期間", "3年",
        "<s>1年</s>", "利用契約が優先（第2条第1項）", "変更契約 第1号", "契約成立時",
    ):  # fmt: skip
        assert words in said
    assert Contract.objects.get(tenant__code="chie-tenant").number not in said


def test_the_papers_are_taken_away_with_their_hash(cast: Cast, aki: Client, chie: Client) -> None:
    kept = Contract.objects.get(tenant=cast.tenant).snapshots.get()
    body = aki.get(f"/contract/papers/{kept.code}/contract.json").content
    assert hashlib.sha256(body).hexdigest() == kept.sha256
    pdf = aki.get(f"/contract/papers/{kept.code}/contract.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Type"] == "application/pdf"
    assert "契約書面を取り出し" in text_of(aki, "/history/")
    assert chie.get(f"/contract/papers/{kept.code}/contract.pdf").status_code == 404


def test_who_looks_after_nothing_does_not_read_it(cast: Cast, ben: Client) -> None:
    assert ben.get("/contract/").status_code == 403
    assert 'href="/contract/"' not in text_of(ben, "/")


@pytest.mark.parametrize(
    ("item", "shut", "open_pages"),
    [
        (Item.CSV, ["/export/", FILE], ["/", "/d/cold2/"]),
        (Item.CHART, ["/d/cold2/chart.json?key=temperature"], ["/", "/d/cold2/table/"]),
        (Item.MAIL, ["/recipients/", "/recipients/new/", "/mails/"], ["/", "/export/"]),
        (Item.DOWNLINK, ["/d/cold2/downlinks/"], ["/d/cold2/"]),
        (
            Item.DATA,
            ["/", "/devices/", "/d/cold2/", "/d/cold2/table/", "/d/cold2/uplinks/"],
            ["/export/", "/contract/"],
        ),
    ],
)
def test_what_the_contract_does_not_license_is_not_there_nor_linked(
    cast: Cast, aki: Client, item: Item, shut: list[str], open_pages: list[str]
) -> None:
    for address in shut:
        assert aki.get(address).status_code != 404, address
    without(cast.tenant, item)
    for address in shut:
        assert aki.get(address).status_code == 404, address
    for address in open_pages:
        said = text_of(aki, address)
        gone = [path.partition("?")[0] for path in shut]
        assert not [path for path in gone if f'href="{path}' in said and path != "/"], address


def test_the_export_page_says_from_which_day_data_are_kept_and_by_what(
    cast: Cast, aki: Client
) -> None:
    assert "以降のデータ（規約 第5条第1項）" in text_of(aki, "/export/")
    set_condition(cast.tenant, data_scope="P3Y")
    assert "以降のデータ（変更契約 第1号）" in text_of(aki, "/export/")


def test_every_item_opens_pages_of_this_door() -> None:
    known = {one.name for one in urlpatterns}
    assert set(LICENSED) == set(Item)
    assert all(pages and pages <= known for pages in LICENSED.values())
