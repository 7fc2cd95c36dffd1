"""The demo's register of users is alive, and what people change in it stays."""

from datetime import UTC, datetime

from noroshi.jobs.demo.people import ADMIN, STAFF, enrol
from noroshi.tenants.models import Enrolment, Membership, SignIn, User, Visit
from noroshi.tenants.register import current
from tests.contracted import make_tenant

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def test_the_demos_register_has_one_who_waits_and_one_who_was_stopped(db: None) -> None:
    tenant = make_tenant(name="みどりの里", created_at=NOW)
    admin = User.objects.create_user(ADMIN, "a long password of no meaning", name="緑川 あき")
    User.objects.create_staff(STAFF, "a long password of no meaning", "admin", name="事務局 当番")
    Membership.objects.create(tenant=tenant, user=admin, role="admin", has_authority=True)
    enrol(tenant, now=NOW)
    lines = current(tenant).select_related("membership")
    assert [line.name for line in lines if line.membership is None] == ["田中 一郎"]
    stopped = [line.name for line in lines if line.membership and line.membership.stopped_at]
    assert stopped == ["佐々木 美咲"]
    assert not Membership.objects.filter(tenant=tenant, enrolment=None).exists()
    assert SignIn.objects.count() == 7
    assert Visit.objects.get().views.count() == 3
    Enrolment.objects.filter(name="田中 一郎").update(ended_at=NOW)
    enrol(tenant, now=NOW)
    assert Enrolment.objects.count() == 4
    assert Enrolment.objects.filter(ended_at=None).count() == 3
