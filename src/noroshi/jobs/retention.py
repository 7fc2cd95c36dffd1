"""The program `noroshi retention`: plans of deletion, holds, and what went, from a terminal."""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.utils import timezone, translation

from noroshi.readings import days
from noroshi.retention import holds, plans
from noroshi.retention.models import DeletionPlan, Hold
from noroshi.retention.scope import by_tenant
from noroshi.tenants.audit import Actor
from noroshi.tenants.models import Tenant

NOBODY = Actor(None, None)
SHOWN_MAX = 200


def main(told: Sequence[str] | None = None) -> None:
    """Do what was asked; a refusal ends the program with one clear line."""
    asked = arguments().parse_args(told)
    act: Callable[[argparse.Namespace, datetime], None] = asked.act
    try:
        with translation.override("en"):
            act(asked, timezone.now())
    except holds.HoldRefusal as refusal:
        raise SystemExit(f"noroshi: {refusal}") from None


def arguments() -> argparse.ArgumentParser:
    """What may be asked for."""
    parser = argparse.ArgumentParser(prog="noroshi retention", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="plan|run|hold|show")
    planning = verbs.add_parser("plan", help="count what leaves its scope; with --tell, plan it")
    planning.add_argument(
        "--tell", action="store_true", help="write the plans down and mail the notices"
    )
    planning.set_defaults(act=plan)
    running = verbs.add_parser("run", help="run the plans whose day has come and that were told")
    running.set_defaults(act=run)
    holding = verbs.add_parser("hold", help="stop every deletion of a contractor, or lift the stop")
    holding.add_argument("verb", choices=("place", "lift"))
    holding.add_argument("code", help="place: the contractor's code; lift: the hold's code")
    holding.add_argument("--reason", required=True)
    holding.set_defaults(act=hold)
    showing = verbs.add_parser("show", help="plans, runs and holds, newest first")
    showing.add_argument("tenant", nargs="?", default="", help="the contractor's code")
    showing.set_defaults(act=show)
    return parser


def plan(asked: argparse.Namespace, now: datetime) -> None:
    """Without --tell nothing is written: a dry run."""
    if asked.tell:
        made = plans.make_plans(now, by=operator())
        say(f"planned {one.code} {one.tenant.code} on {one.run_on}" for one in made)
        say([f"{len(made)} planned"])
        return
    for one in plans.drafts(now):
        kept = f"{one.scope.period} {one.scope.source}"
        say([f"{one.tenant.code} before {one.cut} on {one.run_on} ({kept})"])
        say(
            f"  {block.device_code:<20} {block.month:%Y-%m} {block.readings:>10} readings "
            f"{block.uplinks:>10} uplinks {block.texts:>8} texts"
            for block in one.blocks
        )


def run(_asked: argparse.Namespace, now: datetime) -> None:
    """Run what may run, and say of the rest why it waits."""
    ran = plans.run_due(now, by=operator())
    say(f"deleted {one.plan.code}: {one.readings} readings, {one.uplinks} uplinks" for one in ran)
    waiting = DeletionPlan.objects.filter(state=DeletionPlan.State.OPEN).select_related("tenant")
    scopes = by_tenant([one.tenant_id for one in waiting], days.day_of(now))
    for one in waiting.order_by("run_on"):
        say([f"waits {one.code}: {plans.objection(one, scopes.get(one.tenant_id), now)}"])


def hold(asked: argparse.Namespace, now: datetime) -> None:
    """Place or lift."""
    if asked.verb == "lift":
        found = Hold.objects.filter(code=asked.code).select_related("tenant").first()
        if found is None:
            raise holds.HoldRefusal(f"there is no hold {asked.code}")
        holds.lift(found, asked.reason, by=NOBODY, now=now, lift_from=operator())
        say([f"lifted {found.code}"])
        return
    tenant = Tenant.objects.filter(code=asked.code).first()
    if tenant is None:
        raise holds.HoldRefusal(f"there is no contractor {asked.code}")
    placed = holds.place(tenant, asked.reason, by=NOBODY, now=now, place_from=operator())
    say([f"placed {placed.code}"])


def show(asked: argparse.Namespace, _now: datetime) -> None:
    """One line each."""
    chosen = {"tenant__code": asked.tenant} if asked.tenant else {}
    found = DeletionPlan.objects.filter(**chosen).select_related("tenant", "run")
    for one in found.order_by("-run_on", "-pk")[:SHOWN_MAX]:
        went = getattr(one, "run", None)
        words = f", {went.readings} readings went, sha256 {went.digest}" if went else ""
        say([f"{one.code} {one.tenant.code} {one.state} before {one.cut} on {one.run_on}{words}"])
    held = Hold.objects.filter(**chosen).select_related("tenant").order_by("-placed_at")
    for each in held[:SHOWN_MAX]:
        state = f"lifted {each.lifted_at:%Y-%m-%d}" if each.lifted_at else "in force"
        say([f"hold {each.code} {each.tenant.code} {state}: {each.reason}"])


def operator() -> str:
    """Who sits at the terminal."""
    return f"noroshi retention, {getpass.getuser()}"[:100]


def say(lines: Iterable[str]) -> None:
    """One line each."""
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
