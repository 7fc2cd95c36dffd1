"""The morning board and the system page."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse

from noroshi.base.models import BackupRun, Pulse
from noroshi.codecs.sandbox import Sandbox
from noroshi.inbox.actions import NewConnection, make_connection
from noroshi.office.board import board
from noroshi.office.questions import WATCHED
from tests.contracted import make_tenant
from tests.office.conftest import EUI, NOBODY, House, a_mail, run, send, up
from tests.spine.journal import Posted, take_in


def beat(house: House, program: str, seconds_ago: int, instance: str = "here:1") -> None:
    seen_at = house.now - timedelta(seconds=seconds_ago)
    Pulse.objects.create(program=program, instance=instance, started_at=house.now, seen_at=seen_at)


def test_what_waits_longest_stands_first(house: House, office_sandbox: Sandbox) -> None:
    a_mail(house, "given_up")
    send(house, up("00000000000000AB", b"\x00\x70", house.now), minutes_ago=20)
    send(house, Posted(b"garbage", event="up"), minutes_ago=60)
    send(house, up(EUI, b"\x07", house.now), minutes_ago=40)
    run(office_sandbox, house)
    found = board(house.now)
    assert [task.label for task in found.tasks] == ["受付不可", "失敗", "未登録", "不達"]
    assert "冷蔵庫の1件" in found.tasks[1].what
    assert "自営からの1件" in found.tasks[0].what


def test_a_device_behind_another_tenants_connection_is_not_offered_for_registration(
    house: House, office_sandbox: Sandbox
) -> None:
    other = make_tenant(name="山の会", created_at=house.now)
    foreign, _token = make_connection(
        NewConnection("山の接続", "chirpstack", tenant=other), by=NOBODY, now=house.now
    )
    take_in(foreign, up(EUI, b"\x00\x70", house.now), now=house.now)
    run(office_sandbox, house)
    (task,) = board(house.now).tasks
    assert task.label == "契約者ちがい"
    assert "register" not in task.url


def test_a_program_that_went_quiet_is_told_in_red(house: House, office: Client) -> None:
    for program in WATCHED:
        beat(house, program, 120 if program == "work" else 5)
    stopped = board(house.now).stopped
    assert stopped == ["work が2分応答していません"]
    assert "応答していません" in office.get(reverse("office-home-live")).content.decode()


def test_a_process_that_ended_does_not_matter_while_another_lives(house: House) -> None:
    beat(house, "work", 600, "here:1")
    for program in WATCHED:
        beat(house, program, 5, "here:2")
    assert board(house.now).stopped == []


def test_a_program_that_never_ran_is_told(house: House) -> None:
    assert "tick はまだ一度も動いていません" in board(house.now).stopped


def test_when_all_is_done_the_board_says_so(house: House, office: Client) -> None:
    for program in WATCHED:
        beat(house, program, 0)
    said = office.get(reverse("office-home")).content.decode()
    assert "すべて片づいています" in said


def test_the_system_page_tells_programs_tables_and_versions(house: House, office: Client) -> None:
    beat(house, "work", 0)
    said = office.get(reverse("office-system")).content.decode()
    assert "inbox_entry" in said
    assert "PostgreSQL" in said
    assert "動作中" in said


def backed_up(house: House, kind: str, hours_ago: float, said: str = "") -> None:
    at = house.now - timedelta(hours=hours_ago)
    BackupRun.objects.create(
        kind=kind, started_at=at, ended_at=at, is_good=not said, said=said, size=3_400_000, rows=9
    )


def test_backups_that_are_old_or_failed_turn_the_board_red(house: House, office: Client) -> None:
    assert board(house.now).tasks == []  # none was ever asked for
    backed_up(house, "backup", 1)
    backed_up(house, "drill", 24)
    assert board(house.now).tasks == []
    later = board(house.now + timedelta(hours=30)).tasks
    assert [task.what for task in later] == ["バックアップが31時間取れていません"]
    backed_up(house, "backup", 0.5, said="no space left on device")
    backed_up(house, "drill", 0.4, said="tenants_user has 1 rows, it had 2")
    failed = board(house.now).tasks
    assert [(task.what, task.why) for task in failed] == [
        ("バックアップに失敗しました", "no space left on device"),
        ("バックアップから復元できませんでした", "tenants_user has 1 rows, it had 2"),
    ]
    page = office.get(reverse("office-system")).content.decode()
    assert "3.4 MB" in page
    assert "no space left on device" in page
    backed_up(house, "backup", 0.1)
    assert [task.label for task in board(house.now).tasks] == ["復元の確認"]


def test_a_backup_that_nobody_ever_restored_is_told(house: House) -> None:
    backed_up(house, "backup", 3)
    (task,) = board(house.now).tasks
    assert task.what == "バックアップからの復元をまだ確かめていません"
    BackupRun.objects.create(kind="drill", started_at=house.now - timedelta(minutes=5))
    assert board(house.now).tasks == [task]  # it runs: not failed, and not proved yet
