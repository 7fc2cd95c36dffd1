"""The morning board and the system page."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

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


def receiver(figures: dict[str, float], *, seconds_ago: int = 3, note: str = "") -> None:
    known = dict.fromkeys(("is_lost", "is_sync", "alone_s", "behind", "behind_s", "uncovered_s"), 0)
    seen_at = timezone.now() - timedelta(seconds=seconds_ago)
    Pulse.objects.create(
        program="wal",
        instance="here:7",
        started_at=seen_at,
        seen_at=seen_at,
        note=note,
        figures={**known, "is_streaming": 1, "size": 33_554_432, **figures},
    )


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({}, None),
        ({"is_sync": 1, "behind": 900}, None),
        ({"is_lost": 1, "is_streaming": 0}, "更新ログが途切れました"),
        ({"is_streaming": 0}, "更新ログを受け取れていません"),
        ({"alone_s": 11}, "二つ目の控えを待たずに記録しています"),
        (
            {"behind": 48_000_000, "behind_s": 180},
            "更新ログの控えが3分（48.0 MB）遅れています",
        ),
        ({"uncovered_s": 600}, None),
        ({"uncovered_s": 7200}, "今の更新ログにつながるバックアップがまだありません"),
    ],
)
def test_a_second_copy_that_is_not_well_turns_the_board_red(
    office: Client, figures: dict[str, float], said: str | None
) -> None:
    for kind in BackupRun.Kind:
        BackupRun.objects.create(kind=kind, started_at=timezone.now(), is_good=True)
    receiver(figures, note="No space left on device")
    found = [(task.what, task.why) for task in board(timezone.now()).tasks]
    assert found == ([] if said is None else [(said, "No space left on device")])
    page = office.get(reverse("office-system")).content.decode()
    assert "更新ログの控え" in page
    assert ("No space left on device" in page) is (said is not None)
    assert ("二つ目の控えを待って記録しています" in page) is bool(figures.get("is_sync"))


def test_a_receiver_that_ended_is_missed_where_one_is_wanted(db: None) -> None:
    receiver({}, seconds_ago=90)
    assert board(timezone.now()).tasks == []  # it was switched off
    with override_settings(BACKUP=replace(settings.BACKUP, is_wal=True)):
        words = "更新ログを受け取るプログラムが動いていません"
        assert words in [task.what for task in board(timezone.now()).tasks]
        Pulse.objects.all().delete()
        assert words in [task.what for task in board(timezone.now()).tasks]


def test_a_backup_that_nobody_ever_restored_is_told(house: House) -> None:
    backed_up(house, "backup", 3)
    (task,) = board(house.now).tasks
    assert task.what == "バックアップからの復元をまだ確かめていません"
    BackupRun.objects.create(kind="drill", started_at=house.now - timedelta(minutes=5))
    assert board(house.now).tasks == [task]  # it runs: not failed, and not proved yet
