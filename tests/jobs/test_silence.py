"""Whether the installation itself hears: gate or listener alive, and the spine not behind."""

from datetime import UTC, datetime, timedelta

import pytest

from noroshi.base.models import Pulse
from noroshi.inbox import journal
from noroshi.inbox.journal import Waiting
from noroshi.jobs.silence import is_awake

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("program", "seen_s", "lag_s", "wanted"),
    [
        ("gate", 5, None, True),
        ("listen", 5, 30, True),
        ("gate", 90, None, False),
        ("gate", 5, 180, False),
        ("web", 5, None, False),
    ],
)
def test_the_house_is_awake_when_uplinks_come_in_and_are_judged(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    seen_s: int,
    lag_s: int | None,
    *,
    wanted: bool,
) -> None:
    seen = NOW - timedelta(seconds=seen_s)
    Pulse.objects.create(program=program, instance="a:1", started_at=NOW, seen_at=seen)
    oldest = None if lag_s is None else NOW - timedelta(seconds=lag_s)
    monkeypatch.setattr(journal, "waiting", lambda **_asked: Waiting(1, oldest))
    assert is_awake(NOW) is wanted
