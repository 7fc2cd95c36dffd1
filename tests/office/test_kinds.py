"""The office's pages of the kinds of service, and the kind on a contractor's page."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from noroshi.tenants import kinds
from noroshi.tenants.models import KindSwitch, Tenant
from tests.office.conftest import House

NOT_APPLIED = "第5条・第6条は適用されません（データ蓄積・アカウントなし）"


def told(**more: object) -> dict[str, object]:
    today = kinds.japans_day(timezone.now())
    plain = {"switch": "has_csv", "value": "no", "since": today.isoformat(), "reason": "試験"}
    return plain | more


def facts(name: str, kind: str) -> dict[str, object]:
    return {
        "name": name, "kind": kind, "language": "ja", "from_day": "2026-04-01",
    }  # fmt: skip


def test_the_list_shows_every_kind_with_its_values_and_since_when(
    house: House, office: Client
) -> None:
    said = office.get(reverse("office-kinds")).content.decode()
    for words in ("SG ", "LR ", "ワナの番人メール通知サービス", "アカウント（第6条）", "申込書"):
        assert words in said
    assert said.count("2020") >= 21
    assert [said.count(f'data-th="{code}"') for code in ("SG", "LR", "WANA")] == [7, 7, 7]


def test_an_administrator_changes_a_switch_from_a_day_with_a_reason(
    house: House, alone: Client
) -> None:
    url = reverse("office-kind", args=["SG"])
    since = kinds.japans_day(timezone.now()) + timedelta(days=9)
    assert alone.post(url, told(since=since.isoformat())).status_code == 302
    row = KindSwitch.objects.get(set_by=house.staff)
    assert (row.kind_id, row.switch, row.value, row.since) == ("SG", "has_csv", "no", since)
    said = alone.get(url).content.decode()
    assert "試験" in said
    assert "事務局 けい" in said
    assert "予定" in said


def test_a_change_that_cannot_be_says_why_and_writes_nothing(house: House, alone: Client) -> None:
    url = reverse("office-kind", args=["SG"])
    said = alone.post(url, told(since="2020-01-01")).content.decode()
    assert "過ぎた日からは変えられません" in said
    said = alone.post(url, told(switch="has_account")).content.decode()
    assert "利用者がいるため" in said
    assert not KindSwitch.objects.filter(set_by=house.staff).exists()


def test_who_is_no_administrator_looks_only(house: House, office: Client) -> None:
    house.staff.staff_roles = ["reviewer"]
    house.staff.save()
    url = reverse("office-kind", args=["WANA"])
    said = office.get(url).content.decode()
    assert NOT_APPLIED in said
    assert "記録する" not in said
    assert office.post(url, told()).status_code == 403


def test_a_contractor_of_trap_mails_has_no_users_on_its_page(house: House, office: Client) -> None:
    office.post(reverse("office-tenant-new"), facts("捕獲協議会", "WANA"))
    made = Tenant.objects.get(name="捕獲協議会")
    assert made.kind_id == "WANA"
    said = office.get(reverse("office-tenant", args=[made.code])).content.decode()
    assert NOT_APPLIED in said
    assert reverse("office-member-new", args=[made.code]) not in said
    person = {
        "name": "山本 健", "affiliation": "employee", "role": "viewer", "way": "link", "login": "",
        "email": "",
    }  # fmt: skip
    answer = office.post(reverse("office-member-new", args=[made.code]), person)
    assert "このサービス種別にはアカウントがありません" in answer.content.decode()
    assert not made.enrolments.exists()


def test_the_kind_of_a_contractor_goes_with_its_contract(house: House, office: Client) -> None:
    url = reverse("office-tenant", args=[house.tenant.code])
    said = office.get(url).content.decode()
    assert NOT_APPLIED not in said
    assert 'name="kind"' not in said
    assert office.post(url, facts("みどりの里", "LR")).status_code == 302
    house.tenant.refresh_from_db()
    assert house.tenant.kind_id == "SG"
