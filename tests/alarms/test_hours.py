"""Hours across midnight, weekdays, holidays and seasons of Japan, by a table."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from noroshi.alarms.conditions import Hours, Limits, More, Plan
from noroshi.alarms.hours import covers
from noroshi.alarms.judge import CLOSED, OPENED, Known, judge_by

JAPAN = ZoneInfo("Asia/Tokyo")
NIGHT = Hours(22 * 60, 6 * 60)
WEEK_NIGHT = Hours(22 * 60, 6 * 60, (0, 1, 2, 3, 4))
DESK = Hours(9 * 60, 17 * 60, (0, 1, 2, 3, 4), "never")
AWAY = Hours(17 * 60, 9 * 60, (0, 1, 2, 3, 4), "whole")
SUMMER = Hours(season=(7, 1, 9, 30))
WINTER = Hours(season=(12, 1, 2, 28))


@pytest.mark.parametrize(
    ("hours", "local", "is_in"),
    [
        (Hours(), "2026-11-22 12:00", True),  # the whole day
        (Hours(540, 1020), "2026-11-22 08:59", False),
        (Hours(540, 1020), "2026-11-22 09:00", True),
        (Hours(540, 1020), "2026-11-22 17:00", False),
        (NIGHT, "2026-11-22 21:59", False),
        (NIGHT, "2026-11-22 22:00", True),
        (NIGHT, "2026-11-23 05:59", True),
        (NIGHT, "2026-11-23 06:00", False),
        (WEEK_NIGHT, "2026-11-27 23:00", True),  # Friday
        (WEEK_NIGHT, "2026-11-28 05:00", True),  # Saturday morning is Friday's night
        (WEEK_NIGHT, "2026-11-28 23:00", False),
        (WEEK_NIGHT, "2026-11-30 05:00", False),  # Monday morning is Sunday's night
        (DESK, "2026-11-24 10:00", True),  # Tuesday
        (DESK, "2026-11-23 10:00", False),  # 勤労感謝の日
        (DESK, "2026-09-22 10:00", False),  # 国民の休日, between two holidays
        (DESK, "2027-03-22 10:00", False),  # 振替休日
        (AWAY, "2026-11-24 12:00", False),
        (AWAY, "2026-11-23 12:00", True),
        (SUMMER, "2026-06-30 23:59", False),
        (SUMMER, "2026-07-01 00:00", True),
        (SUMMER, "2026-09-30 23:59", True),
        (WINTER, "2026-11-30 12:00", False),
        (WINTER, "2026-12-31 12:00", True),
        (WINTER, "2027-02-28 12:00", True),
        (WINTER, "2027-03-01 12:00", False),
    ],
)
def test_a_rule_is_in_force_at_its_hours(hours: Hours, local: str, *, is_in: bool) -> None:
    assert covers(hours, datetime.fromisoformat(local).replace(tzinfo=JAPAN)) is is_in


def test_outside_its_hours_nothing_opens_but_an_alarm_may_end() -> None:
    plan = Plan("t", Limits(10.0), more=More(hours=Hours(9 * 60, 17 * 60)))
    known, found = Known(), []
    for clock, value in (("08:50", 11), ("09:00", 11), ("17:10", 11), ("17:20", 9), ("17:30", 11)):
        at = datetime.fromisoformat(f"2026-11-24 {clock}").replace(tzinfo=JAPAN)
        outcome = judge_by(plan, known, at, (value,))
        known = outcome.known
        found.append(outcome.transition)
    assert found == ["", OPENED, "", CLOSED, ""]


def test_the_judgement_time_begins_with_the_hours() -> None:
    plan = Plan("t", Limits(10.0), 0, 600, More(hours=Hours(9 * 60, 17 * 60)))
    known, found = Known(), []
    for clock in ("08:40", "08:50", "09:00", "09:09", "09:10"):
        at = datetime.fromisoformat(f"2026-11-24 {clock}").replace(tzinfo=JAPAN)
        outcome = judge_by(plan, known, at, (11.0,))
        known = outcome.known
        found.append(outcome.transition)
    assert found == ["", "", "", "", OPENED]
