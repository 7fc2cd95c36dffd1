"""知らせ方: policy, groups with rosters, wishes."""

from datetime import time

from django.test import Client

from noroshi.alarms.models import Duty, Group, Pace, Policy
from noroshi.tenants.models import AuditEntry
from tests.web.conftest import Cast

GOOD = {
    "tells_recovery": "on", "repeat_every_min": "15", "repeats_max": "3", "quiet_from": "22:00",
    "quiet_until": "06:00", "quiet_events": ["opened", "recovered"], "singles_a_minute": "5",
    "mails_an_hour": "60",
}  # fmt: skip
ROSTER = {
    "name": "夜の当番", "after_min": "20", "form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0",
    "form-0-weekdays": ["0", "4"], "form-0-begins": "22:00", "form-0-ends": "06:00",
}  # fmt: skip


def test_the_page_shows_the_defaults_until_something_is_saved(cast: Cast, aki: Client) -> None:
    page = aki.get("/policy/").content.decode()
    assert 'value="60"' in page
    assert not Policy.objects.exists()
    answer = aki.post("/policy/", GOOD, follow=True)
    assert "知らせ方を保存しました" in answer.content.decode()
    saved = Policy.objects.get()
    assert (saved.repeat_every_min, saved.quiet_from, saved.has_links) == (15, time(22), False)
    assert saved.quiet_events == ["opened", "recovered"]
    line = AuditEntry.objects.get(action="policy.changed")
    assert line.details["before"]["repeat_every_min"] is None


def test_half_a_quiet_time_and_a_pause_of_nothing_are_refused(cast: Cast, aki: Client) -> None:
    page = aki.post("/policy/", GOOD | {"quiet_until": ""}).content.decode()
    assert "両方を入れてください" in page
    assert aki.post("/policy/", GOOD | {"repeat_every_min": "0"}).status_code == 200
    assert not Policy.objects.exists()


def test_who_may_only_look_saves_nothing(cast: Cast, ben: Client) -> None:
    assert "保存</button>" not in ben.get("/policy/").content.decode()
    assert ben.post("/policy/", GOOD).status_code == 403
    assert ben.get("/groups/new/").status_code == 403


def test_a_group_has_a_roster_of_days_and_hours(cast: Cast, aki: Client) -> None:
    told = ROSTER | {"form-0-recipient": cast.recipient.code}
    page = aki.post("/groups/new/", told, follow=True).content.decode()
    assert "20分たっても対応がないとき" in page
    assert f"{cast.recipient.name}：月・金 22:00〜06:00" in page
    duty = Duty.objects.get()
    assert (duty.weekdays, duty.begins, duty.ends) == (0b0010001, time(22), time(6))
    group = Group.objects.get(name="夜の当番")
    again = aki.get(f"/groups/{group.code}/").content.decode()
    assert 'value="22:00"' in again
    aki.post(f"/groups/{group.code}/", ROSTER | {"name": "空のグループ"})
    assert not Duty.objects.exists()
    aki.post(f"/groups/{group.code}/remove/")
    assert list(Group.objects.all()) == [cast.group]
    actions = AuditEntry.objects.filter(action__startswith="group.").order_by("pk")
    assert [one.action for one in actions] == ["group.made", "group.changed", "group.removed"]


def test_a_duty_on_no_day_or_with_half_its_hours_is_refused(cast: Cast, aki: Client) -> None:
    base = ROSTER | {"form-0-recipient": cast.recipient.code}
    assert (
        "曜日を選んで" in aki.post("/groups/new/", base | {"form-0-weekdays": []}).content.decode()
    )
    assert "両方を" in aki.post("/groups/new/", base | {"form-0-ends": ""}).content.decode()
    assert list(Group.objects.all()) == [cast.group]


def test_a_group_of_anothers_recipient_is_not_made(cast: Cast, chie: Client) -> None:
    chie.post("/groups/new/", ROSTER | {"form-0-recipient": cast.recipient.code})
    assert not Duty.objects.exists()


def test_a_wish_goes_before_the_policy(cast: Cast, aki: Client) -> None:
    aki.post("/policy/", GOOD)
    path = f"/policy/wishes/{cast.recipient.code}/"
    aki.post(path, {"wish": "at_once"})
    assert Pace.objects.get().quiet_events == []
    aki.post(path, {"wish": "wait"})
    assert Pace.objects.get().quiet_events == ["escalated", "opened", "recovered", "repeated"]
    aki.post(path, {"wish": "policy"})
    assert Pace.objects.get().quiet_events is None
