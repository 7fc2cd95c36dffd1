"""A deletion that is over, for tests that only look at it."""

from datetime import datetime

from noroshi.devices.models import Device
from noroshi.retention.models import (
    DeletionLine,
    DeletionNotice,
    DeletionPlan,
    DeletionRun,
    Hold,
)
from noroshi.tenants.models import Tenant


def planned(tenant: Tenant, device: Device, mark: str, now: datetime) -> dict[str, object]:
    """A deletion that was planned, told and done, and a hold."""
    plan = DeletionPlan.objects.create(
        tenant=tenant, cut=now.date(), run_on=now.date(), period="P1Y", source=mark,
        state="done", made_at=now, made_by="test", ended_at=now,
    )  # fmt: skip
    DeletionLine.objects.create(
        tenant=tenant, plan=plan, device_code=device.code, device_name=mark, month=now.date(),
        readings=1, uplinks=1, texts=1, removed_readings=1, removed_uplinks=1, removed_texts=1,
        digest="0" * 64,
    )  # fmt: skip
    DeletionNotice.objects.create(tenant=tenant, plan=plan, days_before=30, at=now, note=mark)
    run = DeletionRun.objects.create(
        tenant=tenant, plan=plan, at=now, operator="test", cut=plan.cut, period="P1Y", source=mark,
        readings=1, uplinks=1, texts=1, digest="0" * 64,
    )  # fmt: skip
    hold = Hold.objects.create(tenant=tenant, reason=mark, placed_at=now, placed_from="test")
    return {"plan": plan.code, "deletion": run.code, "hold": hold.code}
