"""Four eyes: what one person of the office asks for takes effect when another one approves."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from noroshi.outbox.models import Message
from noroshi.tenants import approvals, kinds, register
from noroshi.tenants.approvals import ApprovalRefusal
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Approval, AuditEntry, KindSwitch, Tenant, User, Visit
from tests.office.conftest import House, a_firm, prove

STATE = Approval.State


@pytest.fixture
def kei(house: House, office: Client) -> Client:
    """Kei's browser, a moment after the password."""
    return prove(office, house.staff)


def a_switch(**more: object) -> dict[str, object]:
    today = kinds.japans_day(timezone.now())
    plain = {"switch": "has_csv", "value": "no", "since": today.isoformat(), "reason": "試験"}
    return plain | more


def ask_for_a_switch(kei: Client) -> Approval:
    assert kei.post(reverse("office-kind", args=["SG"]), a_switch()).status_code == 302
    return Approval.objects.get()


def decide(client: Client, verb: str, approval: Approval, **told: object) -> Any:
    return client.post(reverse(f"office-approval-{verb}", args=[approval.code]), told)


def test_what_is_asked_for_changes_nothing_until_another_person_approves(
    house: House, kei: Client, approver: Client
) -> None:
    asked = ask_for_a_switch(kei)
    assert not KindSwitch.objects.filter(set_by=house.staff).exists()
    assert "データ取り出し" in asked.text
    assert (
        asked.text in approver.get(reverse("office-approval", args=[asked.code])).content.decode()
    )
    decide(approver, "approve", asked)
    row = KindSwitch.objects.get(set_by=house.staff)
    assert (row.kind_id, row.switch, row.value) == ("SG", "has_csv", "no")
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by and asked.decided_by.login) == (STATE.APPROVED, "sora")
    told = AuditEntry.objects.filter(action__startswith="approval.").order_by("pk")
    assert [(one.action, one.user and one.user.login) for one in told] == [
        ("approval.asked", "kei"),
        ("approval.approved", "sora"),
    ]
    assert all(one.details["text"] == asked.text for one in told)


def test_nobody_decides_what_he_asked_for_even_as_an_approver(
    house: House, kei: Client, approver: Client
) -> None:
    asked = ask_for_a_switch(kei)
    house.staff.staff_roles = ["admin", "approver"]
    house.staff.save()
    said = decide(kei, "approve", asked)
    assert "自分の申請は" in kei.get(said.url).content.decode()
    decide(kei, "refuse", asked, answer="いいえ")
    asked.refresh_from_db()
    assert asked.state == STATE.WAITING


def test_who_is_no_approver_decides_nothing(house: House, kei: Client, approver: Client) -> None:
    asked = ask_for_a_switch(kei)
    rin = User.objects.create_staff("rin", "r" * 15, "admin", name="りん")
    with pytest.raises(ApprovalRefusal, match="承認者だけ"):
        approvals.approve(asked, by=Actor(rin, None), now=timezone.now())
    assert decide(kei, "approve", asked).status_code == 403


def test_refused_with_a_reason_or_taken_back_it_is_over(
    house: House, kei: Client, approver: Client
) -> None:
    asked = ask_for_a_switch(kei)
    decide(approver, "refuse", asked, answer=" ")
    asked.refresh_from_db()
    assert asked.state == STATE.WAITING
    decide(approver, "refuse", asked, answer="まだ早い")
    asked.refresh_from_db()
    assert (asked.state, asked.answer) == (STATE.REFUSED, "まだ早い")
    decide(approver, "approve", asked)
    assert not KindSwitch.objects.filter(set_by=house.staff).exists()
    kei.post(reverse("office-kind", args=["SG"]), a_switch())
    second = Approval.objects.get(state=STATE.WAITING)
    decide(approver, "withdraw", second)
    second.refresh_from_db()
    assert second.state == STATE.WAITING
    decide(kei, "withdraw", second)
    second.refresh_from_db()
    assert second.state == STATE.WITHDRAWN


def test_after_two_weeks_it_can_only_be_asked_for_anew(
    house: House, kei: Client, approver: Client
) -> None:
    asked = ask_for_a_switch(kei)
    ago = timezone.now() - approvals.LIFE - timedelta(hours=1)
    Approval.objects.update(at=ago, expires_at=ago + approvals.LIFE)
    decide(approver, "approve", asked)
    assert not KindSwitch.objects.filter(set_by=house.staff).exists()
    listed = approver.get(reverse("office-approvals")).content.decode()
    assert "期限切れ" in listed
    assert "承認を待っているものはありません" in listed


def test_both_must_have_proved_a_moment_ago_who_they_are(house: House, approver: Client) -> None:
    stale = Client(headers={"accept-language": "ja"})
    stale.force_login(house.staff)
    url = reverse("office-kind", args=["SG"])
    assert reverse("confirm") in stale.post(url, a_switch())["Location"]
    assert not Approval.objects.exists()
    asked = ask_for_a_switch(prove(stale, house.staff))
    late = Client()
    late.force_login(User.objects.get(login="sora"))
    assert reverse("confirm") in decide(late, "approve", asked)["Location"]
    assert reverse("confirm") in decide(late, "refuse", asked, answer="x")["Location"]
    asked.refresh_from_db()
    assert asked.state == STATE.WAITING


def test_what_cannot_be_done_is_not_even_asked_for(
    house: House, kei: Client, approver: Client
) -> None:
    said = kei.post(reverse("office-kind", args=["SG"]), a_switch(since="2020-01-01"))
    assert "過ぎた日からは変えられません" in said.content.decode()
    assert not Approval.objects.exists()
    assert not Message.objects.exists()


def test_without_any_approver_nothing_is_asked_for_and_the_page_says_why(
    house: House, kei: Client
) -> None:
    said = kei.post(reverse("office-kind", args=["SG"]), a_switch()).content.decode()
    assert "ほかに承認者がいない" in said
    assert not Approval.objects.exists()


def test_approvers_are_told_by_mail_and_so_is_who_asked(
    house: House, kei: Client, approver: Client
) -> None:
    User.objects.filter(pk=house.staff.pk).update(email="kei@example.jp")
    asked = ask_for_a_switch(kei)
    mail = Message.objects.get(kind="approval.asked")
    assert (mail.address, mail.tenant) == ("sora@example.jp", None)
    assert reverse("office-approval", args=[asked.code]) in mail.body
    assert asked.text not in mail.body
    assert 'class="badge">1<' in approver.get(reverse("office-home")).content.decode()
    decide(approver, "approve", asked)
    assert Message.objects.get(kind="approval.decided").address == "kei@example.jp"
    assert 'class="badge">1<' not in approver.get(reverse("office-home")).content.decode()


def test_a_new_person_of_the_office_gets_the_link_from_who_approved(
    house: House, kei: Client, approver: Client
) -> None:
    new = {"login": "umi", "name": "うみ", "email": "", "roles": ["on_duty"], "reason": "当番"}
    answer = kei.post(reverse("office-staff-new"), new, follow=True).content.decode()
    assert "/begin/" not in answer
    assert not User.objects.filter(login="umi").exists()
    asked = Approval.objects.get()
    assert "当番" in asked.text
    assert "/begin/" in decide(approver, "approve", asked).content.decode()
    assert User.objects.get(login="umi").staff_roles == ["on_duty"]
    page = approver.get(reverse("office-approval", args=[asked.code])).content.decode()
    assert "/begin/" not in page


def test_roles_change_as_the_text_said_or_not_at_all(
    house: House, kei: Client, approver: Client
) -> None:
    umi = User.objects.create_staff("umi", "u" * 15, "on_duty", name="うみ")
    url = reverse("office-staff-one", args=[umi.pk])
    kei.post(url, {"roles": ["privacy"], "reason": "交代"})
    asked = Approval.objects.get()
    User.objects.filter(pk=umi.pk).update(staff_roles=["billing"])
    said = approver.get(decide(approver, "approve", asked).url).content.decode()
    assert "役割が変わりました" in said
    asked.refresh_from_db()
    assert asked.state == STATE.WAITING
    User.objects.filter(pk=umi.pk).update(staff_roles=["on_duty"])
    decide(approver, "approve", asked)
    umi.refresh_from_db()
    assert umi.staff_roles == ["privacy"]


def test_who_asked_must_still_have_the_duty_when_it_is_done(
    house: House, kei: Client, approver: Client
) -> None:
    asked = ask_for_a_switch(kei)
    User.objects.filter(pk=house.staff.pk).update(staff_roles=["billing"])
    decide(approver, "approve", asked)
    asked.refresh_from_db()
    assert asked.state == STATE.WAITING
    assert not KindSwitch.objects.filter(set_by=house.staff).exists()


def test_a_freeze_is_lifted_by_two(house: House, kei: Client, approver: Client) -> None:
    register.freeze_all(house.tenant, by=Actor(house.user, house.tenant), now=house.now)
    url = reverse("office-tenant-unfreeze", args=[house.tenant.code])
    kei.post(url, {"reason": "折り返しの電話で確認"})
    assert Tenant.objects.get(pk=house.tenant.pk).frozen_at is not None
    page = kei.get(reverse("office-tenant", args=[house.tenant.code])).content.decode()
    assert "承認を待っています" in page
    assert url not in page
    decide(approver, "approve", Approval.objects.get())
    assert Tenant.objects.get(pk=house.tenant.pk).frozen_at is None
    entry = AuditEntry.objects.get(action="tenant.unfrozen")
    assert (entry.user, entry.tenant) == (house.staff, house.tenant)


def test_a_subcontractor_is_let_in_by_two_and_the_hours_begin_with_the_second(
    house: House, kei: Client, approver: Client
) -> None:
    mamoru = a_firm(Actor(house.staff, None), house.now)
    form = {
        "tenant": house.tenant.code, "reason": "値が届かない", "ticket": "T-1", "hours": 2,
        "visitor": mamoru.pk, "scope": ["devices"],
    }  # fmt: skip
    kei.post(reverse("office-visit-grant"), form)
    assert not Visit.objects.exists()
    before = timezone.now()
    decide(approver, "approve", Approval.objects.get())
    visit = Visit.objects.get()
    assert (visit.visitor, visit.scope, visit.filed_by) == (mamoru, ["devices"], house.staff)
    assert visit.since >= before


def test_an_office_of_one_person_works_alone_and_shows_it(house: House, alone: Client) -> None:
    url = reverse("office-kind", args=["SG"])
    assert "ひとりの事務局" in alone.get(url).content.decode()
    assert "ひとりの事務局" in alone.get(reverse("office-approvals")).content.decode()
    alone.post(url, a_switch())
    assert KindSwitch.objects.filter(set_by=house.staff).exists()
    entry = AuditEntry.objects.get(action="approval.alone")
    assert "データ取り出し" in entry.details["text"]


def test_the_history_tells_fields_and_roles_in_words(house: House, alone: Client) -> None:
    umi = User.objects.create_staff("umi", "u" * 15, "on_duty", name="うみ")
    url = reverse("office-staff-one", args=[umi.pk])
    alone.post(url, {"roles": ["privacy"], "reason": "交代"})
    said = alone.get(reverse("office-history")).content.decode()
    assert "事務局での役割: 当番 → 個人情報担当" in said
    assert "roles:" not in said
