"""The office's pages of contracts: the list, one, its papers, and the next amendment."""

import hashlib
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from noroshi.contracts.effective import effective, licensed_of, limits_of
from noroshi.contracts.items import Item
from noroshi.contracts.models import Amendment, Contract
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import AuditEntry, Paper, Party
from tests.contracted import make_tenant, set_condition
from tests.office.conftest import House

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
TODAY = japans_day(timezone.now())


@pytest.fixture
def contract(house: House) -> Contract:
    house.tenant.party = Party.objects.create(kind="company", name="緑川農園", made_at=house.now)
    house.tenant.save(update_fields=["party"])
    return Contract.objects.get(tenant=house.tenant)


def page(office: Client, name: str, contract: Contract) -> str:
    answer = office.get(reverse(name, args=[contract.code]))
    assert answer.status_code == 200
    return answer.content.decode()


def told(**more: object) -> dict[str, object]:
    paper = SimpleUploadedFile("変更契約書.pdf", PDF, "application/pdf")
    return {"from_day": TODAY.isoformat(), "reason": "増員のため", "paper": paper} | more


def test_the_list_shows_each_contract_and_finds_one(
    house: House, office: Client, contract: Contract
) -> None:
    make_tenant(name="捕獲協議会", kind_id="WANA", created_at=house.now)
    said = office.get(reverse("office-contracts")).content.decode()
    for words in (contract.number, "みどりの里", "W-000001", "捕獲協議会", "利用中", "期限なし"):
        assert words in said
    said = office.get(reverse("office-contracts"), {"q": "W-0"}).content.decode()
    assert "捕獲協議会" in said
    assert "みどりの里" not in said
    nothing = office.get(reverse("office-contracts"), {"q": "nobody"}).content.decode()
    assert "あてはまる契約はありません" in nothing


def test_a_list_of_thirty_asks_no_more_than_one_of_three(
    house: House, office: Client, django_assert_max_num_queries: object
) -> None:
    def questions() -> int:
        with django_assert_max_num_queries(40) as seen:  # type: ignore[operator]
            office.get(reverse("office-contracts"))
        return len(seen)

    questions()  # the first one writes the session
    before = questions()
    for number in range(30):
        make_tenant(name=f"契約者{number}", created_at=house.now)
    assert questions() == before


def test_a_value_of_the_contract_stands_beside_that_of_the_terms(
    house: House, office: Client, contract: Contract
) -> None:
    assert "利用契約が優先" not in page(office, "office-contract", contract)
    set_condition(house.tenant, data_scope="P3Y")
    said = page(office, "office-contract", contract)
    assert "3年" in said
    assert "<s>1年</s>" in said
    assert "規約 第5条第1項" in said
    assert "利用契約が優先（第2条第1項）" in said
    assert "変更契約 第1号" in said


def test_the_tabs_show_items_and_papers(house: House, office: Client, contract: Contract) -> None:
    assert "データ取り出し（CSV）" in page(office, "office-contract-items", contract)
    set_condition(house.tenant, users_max="12")
    said = page(office, "office-contract-papers", contract)
    for words in ("契約成立時", "変更契約 第1号", "変更契約書.pdf", "事務局 けい"):
        assert words in said


def test_a_paper_is_handed_out_and_that_is_written_down(
    house: House, office: Client, contract: Contract
) -> None:
    kept = contract.snapshots.get()
    args = [contract.code, kept.code]
    pdf = office.get(reverse("office-contract-pdf", args=args))
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"].startswith("attachment;")
    body = office.get(reverse("office-contract-json", args=args)).content
    assert hashlib.sha256(body).hexdigest() == kept.sha256
    assert AuditEntry.objects.filter(tenant=house.tenant, action="contract.read").count() == 2


def test_an_amendment_with_a_signed_paper_changes_what_is_in_force(
    house: House, office: Client, contract: Contract
) -> None:
    url = reverse("office-contract-amend", args=[contract.code])
    last = TODAY + timedelta(days=365)
    sent = told(
        c_users_max="12", c_widened_class="猟友会員", remove=["downlink"],
        last_day=last.isoformat(), price_key="price.devices",
        price="6000 per=device every=year pay=advance",
    )  # fmt: skip
    assert office.post(url, sent).status_code == 302
    made = Amendment.objects.get()
    assert (made.agreed_by, made.reason) == (house.staff, "増員のため")
    assert made.document_sha256 == hashlib.sha256(PDF).hexdigest()
    limits = limits_of(house.tenant.pk, TODAY)
    assert (limits.users_max, limits.widened_class) == (12, "猟友会員")
    assert licensed_of(house.tenant.pk, TODAY) == set(Item) - {Item.DOWNLINK}
    contract.refresh_from_db()
    assert contract.until_day == last + timedelta(days=1)
    assert effective(contract, "price.devices", TODAY).text.startswith("6000 ")
    said = page(office, "office-contract", contract)
    assert "6,000円（税別） 端末ごと 年額 前払い" in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"c_users_max": "0"}, "読めません"),
        ({"c_users_max": "12", "paper": None}, "どちらかひとつ"),
        ({}, "変える内容がありません"),
        ({"c_users_max": "12", "from_day": "2020-03-02"}, "今日からあと"),
        ({"price_key": "speed", "price": "1"}, "price. で始まる"),
        ({"price_key": "price.a", "price": "free"}, "読めません"),
        ({"c_users_max": "12", "paper": io.BytesIO(b"not a paper")}, "PDF・PNG・JPEG"),
    ],
)
def test_an_amendment_that_cannot_be_says_why_and_files_nothing(
    house: House, office: Client, contract: Contract, more: dict[str, object], words: str
) -> None:
    sent = {name: value for name, value in told(**more).items() if value is not None}
    answer = office.post(reverse("office-contract-amend", args=[contract.code]), sent)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Amendment.objects.exists()
    assert not Paper.objects.exists()


def test_a_contract_of_trap_mails_says_what_does_not_bind_it(house: House, office: Client) -> None:
    trapper = make_tenant(name="捕獲協議会", kind_id="WANA", created_at=house.now)
    said = page(office, "office-contract", Contract.objects.get(tenant=trapper))
    assert "第5条・第6条は適用されません（データ蓄積・アカウントなし）" in said
    assert "10名" in said
    assert "保存期間" not in said, "nothing may promise it stored data"
    assert "利用者数の上限" not in said


def test_the_contractors_page_leads_to_its_contract(
    house: House, office: Client, contract: Contract
) -> None:
    said = office.get(reverse("office-tenant", args=[house.tenant.code])).content.decode()
    assert reverse("office-contract", args=[contract.code]) in said
    assert contract.number in said


def test_who_only_reads_contracts_is_offered_no_amendment(
    house: House, office: Client, contract: Contract
) -> None:
    house.staff.staff_roles = ["billing"]
    house.staff.save()
    url = reverse("office-contract-amend", args=[contract.code])
    assert url not in page(office, "office-contract", contract)
    assert office.post(url, told(c_users_max="12")).status_code == 403
