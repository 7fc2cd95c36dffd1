"""The demo's contracts: one with an amendment, and one of the kind without accounts."""

from datetime import date, datetime, timedelta

from noroshi.contracts.actions import Change, Sheet, amend, conclude
from noroshi.contracts.models import Contract
from noroshi.jobs.demo.parties import PAPER
from noroshi.tenants import filing
from noroshi.tenants.audit import Actor
from noroshi.tenants.kinds import japans_day
from noroshi.tenants.models import Party, Tenant, User

TRAPS = "里山捕獲対策協議会（デモ）"
CONDITIONS = {
    "users_max": "10",
    "data_scope": "P3Y",
    "renewal_rule": "automatic",
    "price.devices": "6000 per=device every=year pay=advance tax=end",
}
MORE_USERS = {"users_max": "15", "widened_class": "集落の見回り当番"}


def agree(tenant: Tenant, staff: User, *, now: datetime) -> None:
    """Make the contracts that are missing; safe to repeat."""
    by = Actor(staff, None)
    if not Contract.objects.filter(tenant=tenant).exists():
        begun = now - timedelta(days=200)
        first = japans_day(begun)
        sheet = Sheet(first, date(first.year + 3, first.month, 1), conditions=CONDITIONS)
        contract = conclude(tenant, sheet, by=by, now=begun)
        later = now - timedelta(days=60)
        party = Party.objects.get(tenant=tenant)
        paper = filing.keep("変更契約書.pdf", PAPER, party=party, by=by, now=later)
        change = Change(japans_day(later), "利用者を増やすため", conditions=MORE_USERS)
        amend(contract, change, paper, by=by, now=later)
    if not Tenant.objects.filter(name=TRAPS).exists():
        trapper = Tenant.objects.create(name=TRAPS, kind_id="WANA", created_at=now)
        conclude(trapper, Sheet(japans_day(now)), by=by, now=now)
