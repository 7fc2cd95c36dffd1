"""Deletion: planned, told, run and proved; stopped by a hold; never of what is in scope."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from noroshi.base import partitions
from noroshi.contracts.period import Period
from noroshi.outbox.models import Message
from noroshi.readings import backdated, closing, days, runs
from noroshi.readings.models import Backdated, Latest, Series, StoredUplink
from noroshi.readings.store import Point
from noroshi.retention import certificate, holds, notices, plans, removal
from noroshi.retention.models import DeletionPlan, DeletionRun
from noroshi.retention.scope import Scope, by_tenant
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import AuditEntry
from tests.contracted import set_condition
from tests.retention.conftest import NOW, House, house, sent, told

JAPAN = ZoneInfo("Asia/Tokyo")
DAY = timedelta(days=1)
PERIODS = [(12, 0), (6, 0), (0, 90), (1, 0)]
RUNNING_SEEDS = {0}
OFFICE = Actor(None, None)


def japan(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=JAPAN)


def told_and_due(now: datetime = NOW) -> datetime:
    """Plans are made and told at `now`; answers the moment at which they may run."""
    plans.make_plans(now)
    sent(now)
    plans.remind(now + 23 * DAY)
    sent(now + 23 * DAY)
    return now + 30 * DAY


def fill(*houses: House) -> None:
    """Something of each month from 2027 on, packed."""
    for one in houses:
        for month in range(29):
            one.tell(japan(2027 + month // 12, month % 12 + 1, 15), float(month))
    closing.close_days(NOW)
    closing.merge_months(NOW)


def test_a_plan_counts_by_device_and_month_and_touches_nothing(aki: House) -> None:
    fill(aki)
    before = aki.left()
    plan = plans.make_plans(NOW)[0]
    # On the 10th of July 2029 the first day kept is the 10th of July 2028.
    assert (plan.cut, plan.run_on) == (date(2028, 7, 1), date(2029, 7, 10))
    lines = plan.lines.order_by("month")
    assert [line.month for line in lines] == [
        date(2027 + n // 12, n % 12 + 1, 1) for n in range(18)
    ]
    assert {(line.readings, line.uplinks, line.texts) for line in lines} == {(1, 1, 1)}
    assert aki.left() == before
    assert plans.make_plans(NOW) == []
    assert AuditEntry.objects.filter(action="deletion.planned", tenant=aki.tenant).count() == 1


def test_the_contractor_is_told_thirty_and_seven_days_before(aki: House) -> None:
    fill(aki)
    plans.keep_up(NOW)
    mail = Message.objects.get()
    assert mail.subject == "保存期間を過ぎるデータのお知らせ（削除予定日 2029/07/10）"
    assert (mail.address, mail.tenant_id) == ("aki@example.jp", aki.tenant.pk)
    assert "計測値: 18件" in mail.body
    assert "2027/01/01 〜 2028/06/30" in mail.body
    assert "/export/?from=" in mail.body
    for day in range(1, 23):
        plans.keep_up(NOW + day * DAY)
    assert Message.objects.count() == 1
    plans.keep_up(NOW + 23 * DAY)
    assert Message.objects.count() == 2
    plans.keep_up(NOW + 24 * DAY)
    assert Message.objects.count() == 2


def test_a_told_plan_runs_on_its_day_and_is_written_down(aki: House, chie: House) -> None:
    fill(aki, chie)
    due = told_and_due()
    assert plans.run_due(due - DAY) == []
    (run,) = plans.run_due(due)
    assert (run.readings, run.uplinks, run.texts) == (18, 18, 18)
    assert (run.period, run.source, run.operator) == ("P1Y", "規約 第5条第1項", "noroshi tick")
    assert aki.left() == {"readings": 11, "hot": 0, "uplinks": 11, "texts": 11}
    assert chie.left() == {"readings": 29, "hot": 0, "uplinks": 29, "texts": 29}
    assert len(run.digest) == 64
    assert all(len(line.digest) == 64 for line in run.plan.lines.all())
    assert AuditEntry.objects.filter(action="deletion.done", tenant=aki.tenant).count() == 1
    assert plans.run_due(due) == []


def test_a_month_that_nobody_keeps_any_more_is_dropped_whole(aki: House, chie: House) -> None:
    fill(aki, chie)
    plans.run_due(told_and_due())
    names = {span.suffix for span in partitions.existing("readings_chunk")}
    assert {"202701", "202806"} <= names  # Chie keeps them
    set_condition(chie.tenant, data_scope="P1Y")
    plans.run_due(told_and_due(NOW + 31 * DAY))
    for table in removal.TABLES:
        left = [span.since for span in partitions.existing(table.name)]
        assert min(one for one in left if one >= date(2027, 1, 1)) == date(2028, 8, 1), table.name
    assert aki.left()["uplinks"] == 10
    assert chie.left()["uplinks"] == 10


@pytest.mark.parametrize(
    "missing", ["nothing was sent", "the first is late", "the second is late", "no second"]
)
def test_without_its_notices_a_plan_does_not_run(aki: House, missing: str) -> None:
    fill(aki)
    plans.make_plans(NOW)
    if missing != "nothing was sent":
        sent(NOW + (2 * DAY if missing == "the first is late" else 0 * DAY))
    if missing != "no second":
        plans.remind(NOW + 23 * DAY)
    if missing != "nothing was sent":
        sent(NOW + (25 if missing == "the second is late" else 23) * DAY)
    before = aki.left()
    assert plans.run_due(NOW + 30 * DAY) == []
    assert plans.run_due(NOW + 31 * DAY) == []
    assert aki.left() == before
    ran = plans.run_due(NOW + 32 * DAY)
    assert len(ran) == (1 if "late" in missing else 0)


def test_a_contractor_without_an_address_is_told_by_letter(months: None) -> None:
    silent = house("dan", 365)
    fill(silent)
    due = told_and_due()
    assert plans.run_due(due) == []
    plan = DeletionPlan.objects.get()
    assert plans.objection(
        plan, by_tenant([plan.tenant_id], days.day_of(NOW))[plan.tenant_id], due
    ) == ("no notice went out 30 days before")
    with pytest.raises(ValueError, match="how"):
        notices.note_letter(plan, " ", by=OFFICE, now=due)
    notices.note_letter(plan, "書留郵便で発送", by=OFFICE, now=due)
    assert plans.run_due(due + 29 * DAY) == []
    assert len(plans.run_due(due + 30 * DAY)) == 1


def test_nothing_goes_while_a_hold_is_in_force(aki: House) -> None:
    fill(aki)
    due, before = told_and_due(), aki.left()
    hold = holds.place(aki.tenant, "係争中", by=OFFICE, now=NOW)
    assert plans.run_due(due) == []
    assert plans.make_plans(due) == []
    assert aki.left() == before
    holds.lift(hold, "和解", by=OFFICE, now=due)
    assert len(plans.run_due(due)) == 1
    with pytest.raises(holds.HoldRefusal, match="before"):
        holds.lift(hold, "もう一度", by=OFFICE, now=due)
    with pytest.raises(holds.HoldRefusal, match="reason"):
        holds.place(aki.tenant, " ", by=OFFICE, now=due)


def test_two_holds_are_two(aki: House) -> None:
    fill(aki)
    due = told_and_due()
    first = holds.place(aki.tenant, "係争中", by=OFFICE, now=NOW)
    holds.place(aki.tenant, "自治体の監査", by=OFFICE, now=NOW)
    holds.lift(first, "和解", by=OFFICE, now=NOW)
    assert plans.run_due(due) == []


def test_a_contract_that_keeps_longer_by_now_ends_the_plan(aki: House) -> None:
    fill(aki)
    due, before = told_and_due(), aki.left()
    set_condition(aki.tenant, data_scope="P3Y")
    assert plans.run_due(due) == []
    plan = DeletionPlan.objects.get()
    assert (plan.state, plan.reason) == ("cancelled", "the contract keeps these data")
    assert aki.left() == before


def test_what_came_lately_for_an_old_month_stays(aki: House) -> None:
    fill(aki)
    due = told_and_due()
    aki.tell(japan(2027, 5, 3), 77.0, came=due - DAY)  # measured long ago, received yesterday
    (run,) = plans.run_due(due)
    assert run.readings == 17
    kept = runs.read(Series.objects.get(key="level").pk, japan(2027, 5, 1), japan(2027, 6, 1))
    assert kept.values.tolist() == [77.0, 4.0]
    sent_at = StoredUplink.objects.filter(sent_at__lt=japan(2028, 7, 1))
    assert sorted(one.sent_at for one in sent_at) == [japan(2027, 5, 3), japan(2027, 5, 15)]


def test_a_silent_terminals_last_value_goes_with_its_month(aki: House) -> None:
    aki.tell(japan(2027, 5, 3))
    closing.close_days(NOW)
    plans.run_due(told_and_due())
    assert not Latest.objects.exists()


def test_the_certificate_says_what_went_and_is_the_same_each_time(aki: House) -> None:
    fill(aki)
    (run,) = plans.run_due(told_and_due())
    told = certificate.contents(DeletionRun.objects.get(pk=run.pk))
    assert told["range"] == "2027/01/01 0:00 から 2028/07/01 0:00 の前まで（日本時間）"
    assert told["readings"] == "18"
    assert len(told["lines"]) == 18  # type: ignore[arg-type]
    assert told["notices"] == ["2029/06/10（メール）", "2029/07/03（メール）"]
    made = certificate.paper(run)
    assert made.startswith(b"%PDF")
    assert certificate.paper(DeletionRun.objects.get(pk=run.pk)) == made


class World:
    """Contractors with scopes and holds that change, and what each told and may not lose."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.houses = [house(f"h{n}", 365, f"h{n}@example.jp") for n in range(3)]
        self.told: dict[int, dict[datetime, date]] = {one.tenant.pk: {} for one in self.houses}
        self.scopes = {
            one.tenant.pk: Scope(Period(*self.random.choice(PERIODS)), "契約")
            for one in self.houses
            if self.random.random() < 0.9
        }

    def live(self, now: datetime) -> None:
        """Data come, some of them late; holds come and go; contracts change."""
        for one in self.houses:
            late = self.random.choice([0, 0, 0, 1, 40, 200]) * DAY + self.random.random() * DAY
            one.tell(now - late, came=now)
            self.told[one.tenant.pk][now - late] = now.date()
            if self.random.random() < 0.05:
                holds.place(one.tenant, "係争中", by=OFFICE, now=now)
        for hold in holds.Hold.objects.filter(lifted_at=None):
            if self.random.random() < 0.3:
                holds.lift(hold, "和解", by=OFFICE, now=now)
        if self.random.random() < 0.1 and self.scopes:
            changed = self.random.choice(list(self.scopes))
            self.scopes[changed] = Scope(Period(self.random.choice([3, 24]), 0), "変更")

    def work(self, now: datetime) -> None:
        """What `noroshi tick` does, and the sender."""
        closing.close_days(now)
        closing.merge_months(now)
        plans.make_plans(now, self.resolve)
        plans.remind(now)
        sent(now)
        plans.run_due(now, self.resolve)

    def resolve(self, ids: Sequence[int], _day: date) -> dict[int, Scope]:
        return {pk: self.scopes[pk] for pk in ids if pk in self.scopes}

    def forget(self, now: datetime) -> None:
        """What is out of scope may go from now on, whatever a later contract says."""
        for tenant, kept in self.told.items():
            if tenant in self.scopes and tenant not in holds.held_ids():
                first = self.scopes[tenant].first_kept(now.date())
                self.told[tenant] = {at: came for at, came in kept.items() if came >= first}


@pytest.mark.parametrize("seed", range(3))
def test_no_reading_in_scope_and_none_under_hold_is_ever_deleted(months: None, seed: int) -> None:
    world, now = World(seed), japan(2028, 9, 28)
    for _ in range(40):
        now += world.random.randrange(1, 9) * DAY
        world.live(now)
        world.work(now)
        world.forget(now)
        for one in world.houses:
            check_kept(one, set(world.told[one.tenant.pk]))
    assert DeletionRun.objects.exists() or seed not in RUNNING_SEEDS


def check_kept(one: House, wanted: set[datetime]) -> None:
    """Everything wanted is there, in every kind."""
    if not wanted:
        return
    series = {row.key: row.pk for row in Series.objects.filter(device=one.device)}
    since, until = min(wanted) - DAY, max(wanted) + DAY
    numbers = runs.read(series["level"], since, until).times.tolist()
    assert wanted <= {runs.wire.moment(us) for us in numbers}
    texts = runs.loose_many([series["state"]], since, until)[series["state"]]
    assert wanted <= {at for at, _ in texts}
    uplinks = StoredUplink.objects.filter(device=one.device).values_list("sent_at", flat=True)
    assert wanted <= set(uplinks)


def test_months_that_nobody_is_in_are_swept_and_others_stay(aki: House) -> None:
    aki.tell(japan(2026, 3, 3))
    closing.close_days(NOW)
    assert plans.prune(NOW) > 0
    for table in removal.TABLES:
        left = [span.suffix for span in partitions.existing(table.name)]
        assert "202603" in left
        assert "202604" not in left
    assert aki.left()["uplinks"] == 1


def noted(aki: House, at: datetime, came: datetime) -> int:
    return backdated.note([told(aki, at, came)], [])


def test_a_month_is_noted_only_when_something_came_for_it_later(aki: House) -> None:
    midnight, second = japan(2029, 6, 1, 0), timedelta(seconds=1)
    assert noted(aki, midnight, midnight) == 0
    assert noted(aki, midnight + DAY, midnight) == 0
    assert noted(aki, midnight - second, midnight - second) == 0
    assert noted(aki, midnight - second, midnight) == 1
    assert noted(aki, japan(2029, 6, 2, 9), japan(2029, 6, 27, 20)) == 0
    assert noted(aki, japan(2029, 3, 1), japan(2029, 6, 9)) == 1


def test_a_terminals_own_time_does_not_shorten_what_is_kept(aki: House) -> None:
    came = japan(2029, 6, 9)
    point = Point(aki.tenant.pk, aki.device.pk, "level", "number", japan(2029, 2, 3), 1.0)
    assert backdated.note([told(aki, came, came)], [point]) == 1
    (kept,) = Backdated.objects.values_list("month", "received_on")
    assert kept == (date(2029, 2, 1), date(2029, 6, 9))
