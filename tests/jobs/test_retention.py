"""`noroshi retention`: dry run, plan, run, hold, show."""

import pytest

from noroshi.jobs.retention import main
from noroshi.readings import closing
from noroshi.retention.models import DeletionPlan, Hold
from tests.retention.conftest import NOW, House, aki, months
from tests.retention.test_plans import fill

__all__ = ["aki", "months"]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noroshi.jobs.retention.timezone.now", lambda: NOW)


def test_a_dry_run_counts_and_writes_nothing(
    aki: House, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(aki)
    closing.close_days(NOW)
    main(["plan"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "aki-tenant before 2028-07-01 on 2029-07-10 (P1Y Terms, Article 5 (1))"
    assert len(said) == 19
    assert not DeletionPlan.objects.exists()


def test_a_plan_waits_for_its_day_and_is_shown(
    aki: House, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(aki)
    main(["plan", "--tell"])
    main(["run"])
    main(["show", "aki-tenant"])
    said = capsys.readouterr().out
    assert "1 planned" in said
    assert "its day is 2029-07-10" in said
    assert "aki-tenant open before 2028-07-01" in said
    assert DeletionPlan.objects.get().made_by.startswith("noroshi retention, ")


def test_a_hold_is_placed_and_lifted_from_a_terminal(
    aki: House, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["hold", "place", "aki-tenant", "--reason", "audit"])
    hold = Hold.objects.get()
    assert hold.placed_from.startswith("noroshi retention, ")
    main(["hold", "lift", hold.code, "--reason", "over"])
    main(["show"])
    assert "lifted 2029-06-10: audit" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="there is no hold"):
        main(["hold", "lift", "nothing", "--reason", "x"])
    with pytest.raises(SystemExit, match="there is no contractor"):
        main(["hold", "place", "nobody", "--reason", "x"])
