"""Duties and quiet times, in Japan's hours."""

from datetime import UTC, datetime, time, timedelta

import pytest

from noroshi.alarms.roster import Hours, is_any_on, is_on, quiet_end

MONDAY = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 0:00 in Japan on Monday the 23rd
MON, TUE, WEEKEND = 0b0000001, 0b0000010, 0b1100000
NIGHT = (time(22), time(6))


def japan(hours: float) -> datetime:
    """So many hours after Monday began."""
    return MONDAY + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("duty", "hours", "expected"),
    [
        (Hours(MON), 0, True),
        (Hours(MON), 23.9, True),
        (Hours(MON), 24, False),
        (Hours(MON), -0.1, False),
        (Hours(WEEKEND), -0.1, True),
        (Hours(MON, time(9), time(17)), 9, True),
        (Hours(MON, time(9), time(17)), 16.99, True),
        (Hours(MON, time(9), time(17)), 17, False),
        (Hours(MON, time(9), time(17)), 8.99, False),
        (Hours(MON, *NIGHT), 22, True),
        (Hours(MON, *NIGHT), 29.99, True),  # Tuesday before six: Monday's night
        (Hours(MON, *NIGHT), 30, False),
        (Hours(MON, *NIGHT), 3, False),  # Sunday's night
        (Hours(TUE, *NIGHT), 29, False),
    ],
)
def test_a_duty_holds_on_its_weekdays_and_hours(
    duty: Hours, hours: float, *, expected: bool
) -> None:
    assert is_on(duty, japan(hours)) is expected
    assert is_any_on([duty], japan(hours)) is expected


@pytest.mark.parametrize(
    ("ends", "hours", "over"),
    [
        (NIGHT, 23, 30),
        (NIGHT, 22, 30),
        (NIGHT, 5.99, 6),
        (NIGHT, 6, None),
        (NIGHT, 12, None),
        ((time(12), time(13)), 12.5, 13),
        ((time(12), time(13)), 13, None),
        ((time(12), time(12)), 12, None),
        ((None, None), 23, None),
    ],
)
def test_a_quiet_time_ends_at_its_end(
    ends: tuple[time | None, time | None], hours: float, over: float | None
) -> None:
    assert quiet_end(*ends, japan(hours)) == (None if over is None else japan(over))
