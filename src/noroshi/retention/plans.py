"""Plans of deletion: counted, told, run when nothing speaks against it, and written down."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from noroshi.outbox.sent import when_sent
from noroshi.readings import closing, days
from noroshi.retention import holds, notices, removal
from noroshi.retention.blocks import Block, blocks_before, digest_of, total_of
from noroshi.retention.models import DeletionLine, DeletionNotice, DeletionPlan, DeletionRun
from noroshi.retention.scope import Resolver, Scope, by_tenant
from noroshi.tenants import audit
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

# A day must be packed for long before it can be removed: what is hot is never looked at.
CLOSED_DAYS = 7
KEPT_YEARS = 10  # plans that are over, with their certificates
TICK = "noroshi tick"
LINES_BATCH = 1_000
State = DeletionPlan.State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that was only counted."""

    tenant: Tenant
    scope: Scope
    cut: date
    run_on: date
    blocks: list[Block]


def keep_up(now: datetime) -> int:
    """What `noroshi tick` does: plan, tell, run; answers how many plans were made or run."""
    made = len(make_plans(now))
    remind(now)
    return made + len(run_due(now))


def draft(tenant: Tenant, scope: Scope, now: datetime) -> Draft:
    """What would go in notices.FIRST_DAYS days; counts only."""
    run_on = days.day_of(now) + timedelta(days=notices.FIRST_DAYS)
    closed = run_on - timedelta(days=CLOSED_DAYS)
    cut = min(scope.first_kept(run_on), closed).replace(day=1)
    return Draft(tenant, scope, cut, run_on, blocks_before(tenant.pk, cut, with_digests=False))


def drafts(now: datetime, resolver: Resolver = by_tenant) -> list[Draft]:
    """What would be planned today for contractors without an open plan and without a hold."""
    today = days.day_of(now)
    free = Tenant.objects.exclude(deletion_plans__state=State.OPEN)
    free = free.exclude(pk__in=holds.held_ids()).select_related("party").order_by("pk")
    tenants = {tenant.pk: tenant for tenant in free}
    scopes = resolver(list(tenants), today)
    found = (draft(tenants[pk], scope, now) for pk, scope in scopes.items())
    return [one for one in found if one.blocks]


def make_plans(
    now: datetime, resolver: Resolver = by_tenant, *, by: str = TICK
) -> list[DeletionPlan]:
    """Write the drafts down as plans, each with its lines and its first notice."""
    made = []
    for one in drafts(now, resolver):
        try:
            with transaction.atomic():
                made.append(_make(one, now, by))
        except IntegrityError:
            log.info("%s has a plan already", one.tenant.code)  # another program was first
    return made


def remind(now: datetime) -> int:
    """Tell again of plans that come soon; answers how many mails were written."""
    soon = days.day_of(now) + timedelta(days=notices.AGAIN_DAYS)
    told = 0
    plans = DeletionPlan.objects.filter(state=State.OPEN, run_on__lte=soon)
    again = DeletionNotice.objects.filter(days_before=notices.AGAIN_DAYS).values("plan")
    for plan in plans.exclude(pk__in=again).select_related("tenant__party"):
        if plan.tenant_id not in holds.held_ids():
            with transaction.atomic():
                told += notices.tell(plan, notices.AGAIN_DAYS, now)
    return told


def run_due(now: datetime, resolver: Resolver = by_tenant, *, by: str = TICK) -> list[DeletionRun]:
    """Run every plan whose day has come and against which nothing speaks; all of them together.

    A plan whose contract keeps the data by now is cancelled. Call it outside a transaction.
    """
    due = DeletionPlan.objects.filter(state=State.OPEN, run_on__lte=days.day_of(now))
    if not due.exists():
        return []
    closing.close_days(now)
    with transaction.atomic():
        locked = due.select_for_update(of=("self",)).select_related("tenant")
        plans = list(locked.order_by("pk"))
        holds.stand_still([plan.tenant_id for plan in plans])
        scopes = resolver([plan.tenant_id for plan in plans], days.day_of(now))
        ready = [plan for plan in plans if _may_run(plan, scopes, now)]
        return _run(ready, scopes, now, by) if ready else []


def objection(plan: DeletionPlan, scope: Scope | None, now: datetime) -> str:
    """Why this plan may not run now: one English line; empty when it may."""
    today = days.day_of(now)
    if plan.state != State.OPEN:
        return f"the plan is {plan.state}"
    if today < plan.run_on:
        return f"its day is {plan.run_on}"
    if plan.tenant_id in holds.held_ids():
        return "a hold is in force"
    if scope is None or scope.first_kept(today) < plan.cut:
        return "the contract keeps these data"
    told = [one.message_id for one in plan.notices.all() if one.message_id]
    return notices.missing(plan, today, when_sent(told))


def prune(now: datetime) -> int:
    """Forget plans that were over more than KEPT_YEARS ago, and months that nobody is in."""
    old = now - timedelta(days=KEPT_YEARS * 366)
    gone = DeletionPlan.objects.exclude(state=State.OPEN).filter(ended_at__lt=old).delete()[0]
    return gone + removal.sweep(now)


def _make(one: Draft, now: datetime, by: str) -> DeletionPlan:
    plan = DeletionPlan.objects.create(
        tenant=one.tenant,
        cut=one.cut,
        run_on=one.run_on,
        period=str(one.scope.period),
        source=one.scope.source,
        made_at=now,
        made_by=by,
    )
    DeletionLine.objects.bulk_create(
        [_line(plan, block) for block in one.blocks], batch_size=LINES_BATCH
    )
    notices.tell(plan, notices.FIRST_DAYS, now)
    _record(plan, "deletion.planned", now)
    return plan


def _line(plan: DeletionPlan, block: Block) -> DeletionLine:
    return DeletionLine(
        tenant_id=plan.tenant_id,
        plan=plan,
        device_code=block.device_code,
        device_name=block.device_name,
        month=block.month,
        readings=block.readings,
        uplinks=block.uplinks,
        texts=block.texts,
    )


def _may_run(plan: DeletionPlan, scopes: Mapping[int, Scope], now: datetime) -> bool:
    scope = scopes.get(plan.tenant_id)
    why = objection(plan, scope, now)
    if not why:
        return True
    log.info("deletion plan %s waits: %s", plan.code, why)
    if scope is None or scope.first_kept(days.day_of(now)) < plan.cut:
        plan.state, plan.ended_at, plan.reason = State.CANCELLED, now, why
        plan.save(update_fields=["state", "ended_at", "reason"])
        _record(plan, "deletion.cancelled", now)
    return False


def _run(
    plans: list[DeletionPlan], scopes: Mapping[int, Scope], now: datetime, by: str
) -> list[DeletionRun]:
    """Hash what goes, let it go, and write both down, in the caller's transaction."""
    removal.hold_closer()
    found = {plan.pk: blocks_before(plan.tenant_id, plan.cut, with_digests=True) for plan in plans}
    removal.remove({plan.tenant_id: plan.cut for plan in plans})
    return [_done(plan, scopes[plan.tenant_id], found[plan.pk], now, by) for plan in plans]


def _done(
    plan: DeletionPlan, scope: Scope, blocks: list[Block], now: datetime, by: str
) -> DeletionRun:
    """Write what went into the plan's lines; a month that had nothing any more says so."""
    planned = {(line.device_code, line.month): line for line in plan.lines.all()}
    for block in blocks:
        line = planned.setdefault((block.device_code, block.month), _line(plan, block))
        line.removed_readings, line.removed_uplinks = block.readings, block.uplinks
        line.removed_texts, line.digest = block.texts, block.digest
    lines = list(planned.values())
    for line in lines:
        if not line.digest:
            line.removed_readings = line.removed_uplinks = line.removed_texts = 0
    fields = ["removed_readings", "removed_uplinks", "removed_texts", "digest"]
    known = [line for line in lines if line.pk]
    DeletionLine.objects.bulk_update(known, fields, batch_size=LINES_BATCH)
    new = [line for line in lines if not line.pk]
    DeletionLine.objects.bulk_create(new, batch_size=LINES_BATCH)
    plan.state, plan.ended_at = State.DONE, now
    plan.save(update_fields=["state", "ended_at"])
    run = DeletionRun.objects.create(
        tenant_id=plan.tenant_id,
        plan=plan,
        at=now,
        operator=by,
        cut=plan.cut,
        period=str(scope.period),
        source=scope.source,
        readings=total_of(blocks, "readings"),
        uplinks=total_of(blocks, "uplinks"),
        texts=total_of(blocks, "texts"),
        digest=digest_of(f"{one.device_code} {one.month:%Y-%m} {one.digest}" for one in blocks),
    )
    _record(plan, "deletion.done", now, readings=run.readings, uplinks=run.uplinks, by=by)
    return run


def _record(plan: DeletionPlan, action: str, now: datetime, **more: object) -> None:
    told = {"cut": plan.cut.isoformat(), "run_on": plan.run_on.isoformat(), "period": plan.period}
    actor = Actor(user=None, tenant=plan.tenant)
    audit.record(actor, action, plan.code, now=now, details={**told, **more})
