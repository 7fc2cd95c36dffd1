"""The demo's register of users: who uses it, who waits, who was stopped, and who looked in."""

from datetime import datetime, timedelta

from noroshi.tenants.models import (
    Enrolment,
    Membership,
    SignIn,
    Tenant,
    User,
    Visit,
    VisitView,
)

ADMIN, STAFF = "demo", "office"
VIEWER, STOPPED = "demo-viewer", "demo-stopped"
DAY = timedelta(days=1)
# (login, days ago, outcome, place, device, whether the device was new)
SIGN_INS = (
    (ADMIN, 6.1, "ok", "静岡県", "Windows / Edge", True),
    (VIEWER, 5.3, "wrong", "静岡県", "iPhone / Safari", False),
    (VIEWER, 5.29, "ok", "静岡県", "iPhone / Safari", True),
    (STOPPED, 4.2, "ok", "静岡県", "Android / Chrome", True),
    (ADMIN, 2.0, "ok", "静岡県", "Windows / Edge", False),
    (STOPPED, 1.1, "refused", "東京都", "Android / Chrome", False),
    (VIEWER, 0.3, "ok", "静岡県", "iPhone / Safari", False),
)
SEEN = (("home", "/"), ("incidents", "/incidents/?state=all"), ("mails", "/mails/"))
ADDRESS = "203.0.113.24"


def enrol(tenant: Tenant, *, now: datetime) -> None:
    """Fill the register of the demo's tenant; once it has lines, people's changes stay."""
    if Enrolment.objects.filter(tenant=tenant).exists():
        return
    admin = User.objects.get(login=ADMIN)
    named_at = now - 200 * DAY
    _line(tenant, admin, Enrolment.Affiliation.OFFICER, named_at)
    viewer = _person(tenant, VIEWER, "山本 健", Membership.Role.VIEWER)
    _line(tenant, viewer, Enrolment.Affiliation.EMPLOYEE, named_at)
    stopped = _person(tenant, STOPPED, "佐々木 美咲", Membership.Role.EDITOR)
    _line(tenant, stopped, Enrolment.Affiliation.DISPATCHED, named_at)
    Membership.objects.filter(tenant=tenant, user=stopped).update(stopped_at=now - 2 * DAY)
    Enrolment.objects.create(
        tenant=tenant,
        name="田中 一郎",
        affiliation=Enrolment.Affiliation.ON_SITE,
        role=Membership.Role.VIEWER,
        named_by=admin,
        named_at=now - DAY / 2,
    )
    _sign_ins(now)
    _look_in(tenant, now)


def _person(tenant: Tenant, login: str, name: str, role: str) -> User:
    """Somebody whom nobody can sign in as: there is no password."""
    user = User(login=login, name=name)
    user.set_unusable_password()
    user.save()
    Membership.objects.create(tenant=tenant, user=user, role=role)
    return user


def _line(tenant: Tenant, user: User, affiliation: str, named_at: datetime) -> None:
    member = Membership.objects.get(tenant=tenant, user=user)
    Enrolment.objects.create(
        tenant=tenant,
        name=user.name,
        email=user.email,
        affiliation=affiliation,
        role=member.role,
        has_authority=member.has_authority,
        named_at=named_at,
        membership=member,
    )


def _sign_ins(now: datetime) -> None:
    people = {user.login: user for user in User.objects.filter(login__in=[ADMIN, VIEWER, STOPPED])}
    SignIn.objects.bulk_create(
        SignIn(
            user=people[login],
            at=now - ago * DAY,
            outcome=outcome,
            method="password",
            address=ADDRESS,
            place=place,
            device=device,
            is_new_device=is_new,
        )
        for login, ago, outcome, place, device, is_new in SIGN_INS
    )


def _look_in(tenant: Tenant, now: datetime) -> None:
    """The office looked in once, for a reason that the contractor can read."""
    staff, since = User.objects.get(login=STAFF), now - 3 * DAY
    visit = Visit.objects.create(
        tenant=tenant,
        kind=Visit.Kind.STAFF,
        visitor=staff,
        visitor_name=staff.name,
        reason="警報のメールが届かないとのお問い合わせの確認",
        ticket="T-1042",
        filed_by=staff,
        filed_at=since,
        since=since,
        until=since + DAY / 24,
        ended_at=since + DAY / 96,
    )
    VisitView.objects.bulk_create(
        VisitView(
            visit=visit,
            tenant=tenant,
            at=since + minutes * timedelta(minutes=1),
            page=page,
            path=path,
            address=ADDRESS,
        )
        for minutes, (page, path) in enumerate(SEEN, start=1)
    )
