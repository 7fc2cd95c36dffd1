"""The second wall, asked one pitfall after the other: P1 to P15 of row level security."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from noroshi.alarms.models import (
    Chase,
    Deed,
    Duty,
    Group,
    Incident,
    Pace,
    Policy,
    Recipient,
    Rhythm,
    Rule,
    RuleState,
    SharedRule,
    Wording,
)
from noroshi.base import roles
from noroshi.base.roles import APP, PIPELINE
from noroshi.codecs.models import Codec
from noroshi.config.walls import WALLS
from noroshi.devices.models import Device, DeviceType, Site
from noroshi.jobs.postgres_files import read_passwords
from noroshi.readings import store
from noroshi.readings.models import Backdated, Chunk, Reading, Series
from noroshi.readings.store import Point
from noroshi.tenants import access, audit, walls
from noroshi.tenants.models import AuditEntry, Membership, Tenant, User
from tests.acting import become
from tests.database import DATA, owner_url, url_of
from tests.things import thing

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Two:
    """Two tenants with a device and a reading each, and a person of the first."""

    mine: Device
    theirs: Device
    user: User


@pytest.fixture
def two(db: None) -> Iterator[Two]:
    store.forget_series()
    kind = DeviceType.objects.create(
        name_ja="温度計", codec=Codec.objects.create(name="c", kind="network")
    )
    devices = []
    for name in ("甲", "乙"):
        tenant = Tenant.objects.create(name=name, created_at=NOW)
        site = Site.objects.create(tenant=tenant, name=f"{name}の場所")
        device = Device.objects.create(
            tenant=tenant, name=name, type=kind, space="sigfox", address=name,
            site=site, registered_at=NOW, thing=thing(kind, "sigfox", name, NOW),
        )  # fmt: skip
        at = datetime.now(UTC) - timedelta(hours=1)
        store.keep_points([Point(tenant.pk, device.pk, "t", "number", at, 1.0)])
        devices.append(device)
    user = User.objects.create_user("aki", "x" * 20, name="あき")
    Membership.objects.create(tenant=devices[0].tenant, user=user, role="admin")
    yield Two(devices[0], devices[1], user)
    store.forget_series()


@contextmanager
def under(role: str) -> Iterator[None]:
    """Act as this role; back in the pipeline's whatever happens."""
    become(role)
    try:
        yield
    finally:
        become(PIPELINE)


def app() -> AbstractContextManager[None]:
    return under(APP)


def owner() -> AbstractContextManager[None]:
    return under("NONE")


def run(statement: str, *values: object) -> list[tuple]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def test_p1_the_owner_of_a_table_sees_no_row_of_it(two: Two) -> None:
    assert Device.objects.count() == 2
    with owner():
        assert Device.objects.count() == 0
        assert Reading.objects.count() == 0


def test_p2_the_roles_cannot_pass_the_walls_and_cannot_become_one_that_can() -> None:
    with psycopg.connect(url_of(APP)) as line:
        for role in ("postgres", "noroshi", PIPELINE):
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject)
            ):
                line.execute(f"SET ROLE {role}")
            line.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            line.execute("ALTER TABLE devices_device NO FORCE ROW LEVEL SECURITY")


def test_p3_nothing_that_was_told_outlives_its_transaction(two: Two) -> None:
    with app():
        with access.acting_in(two.mine.tenant_id, two.user.pk):
            assert list(Device.objects.all()) == [two.mine]
        assert Device.objects.count() == 0
        with access.in_office(two.user.pk):
            assert Device.objects.count() == 2
        assert Device.objects.count() == 0


def test_p3_an_inner_door_gives_back_what_the_outer_one_told(two: Two) -> None:
    with app(), access.acting_in(two.mine.tenant_id, two.user.pk):
        with access.in_office(two.user.pk):
            assert Device.objects.count() == 2
        assert Device.objects.count() == 1
        with pytest.raises(ZeroDivisionError), access.in_office(two.user.pk):
            raise ZeroDivisionError
        assert Device.objects.count() == 1


def test_p4_an_empty_setting_shows_nothing_and_breaks_nothing(two: Two) -> None:
    with app():
        run("SELECT set_config('noroshi.tenant', '', true)")
        assert run("SELECT count(*) FROM devices_device") == [(0,)]
        assert run("SELECT count(*) FROM readings_reading") == [(0,)]


def test_p5_and_p13_a_function_in_the_question_meets_own_rows_only(two: Two) -> None:
    with owner(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION public.spy(text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS "
            "$$ BEGIN IF $1 = '乙' THEN RAISE EXCEPTION 'seen'; END IF; RETURN true; END $$"
        )
    with app(), access.acting_in(two.mine.tenant_id, two.user.pk):
        assert run("SELECT name FROM devices_device WHERE spy(name)") == [("甲",)]


def test_p6_the_pipeline_changes_partitions_of_known_tables_only(db: None) -> None:
    for parent, suffix in (("tenants_user", "202601"), ("readings_loose", "x; DROP"), ("", "")):
        for call in ("noroshi_partition_drop(%s, %s)", "noroshi_partition_add(%s, %s, 'a', 'b')"):
            with pytest.raises(ProgrammingError, match="no partition"):
                run(f"SELECT {call}", parent, suffix)
    with app(), pytest.raises(ProgrammingError, match="permission denied"):
        run("SELECT noroshi_partition_drop('readings_loose', '202601')")


def test_p7_a_name_taken_by_another_tenant_is_free_for_this_one(two: Two) -> None:
    with app(), access.acting_in(two.mine.tenant_id, two.user.pk):
        Site.objects.create(tenant_id=two.mine.tenant_id, name="乙の場所")
        assert Site.objects.count() == 2


def test_p8_a_row_is_neither_made_for_nor_moved_to_another_tenant(two: Two) -> None:
    with app(), access.acting_in(two.mine.tenant_id, two.user.pk):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Site.objects.create(tenant_id=two.theirs.tenant_id, name="x")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Site.objects.update(tenant_id=two.theirs.tenant_id)
        assert Site.objects.filter(tenant_id=two.theirs.tenant_id).update(name="x") == 0
    assert Site.objects.get(tenant_id=two.theirs.tenant_id).name == "乙の場所"


def test_p9_no_reference_leads_into_another_tenant_not_even_for_the_pipeline(two: Two) -> None:
    run("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.filter(pk=two.mine.pk).update(site=two.theirs.site_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        Series.objects.create(tenant=two.mine.tenant, device=two.theirs, key="k", kind="number")


@pytest.mark.parametrize("role", [APP, PIPELINE])
def test_p10_nobody_empties_a_table_past_its_wall(db: None, role: str) -> None:
    with under(role):
        for wall in WALLS:
            with pytest.raises(ProgrammingError, match="permission denied"):
                run(f"TRUNCATE {wall.table} CASCADE")


def test_p11_what_is_copied_out_is_filtered_too(two: Two) -> None:
    copying = "COPY (SELECT name FROM devices_device) TO STDOUT"
    with (
        app(),
        access.acting_in(two.mine.tenant_id, two.user.pk),
        connection.cursor() as cursor,
        cursor.copy(copying) as copy,
    ):
        assert b"".join(bytes(piece) for piece in copy).decode() == "甲\n"


DATA_TABLES = [
    wall.table
    for wall in WALLS
    if wall.table.startswith(("readings_", "alarms_"))
    and wall.kind not in {"house", "register", "office"}
]


def test_p12_the_office_sees_the_register_and_nobodys_data(two: Two) -> None:
    for device in (two.mine, two.theirs):
        fill(device)
    tables = [table for table in DATA_TABLES if table != "readings_series"]
    counts = {table: run(f"SELECT count(*) FROM {table}")[0][0] for table in tables}
    assert all(count >= 2 for count in counts.values()), counts
    with app(), access.in_office(two.user.pk):
        assert Device.objects.count() == 2
        for table in tables:
            assert run(f"SELECT count(*) FROM {table}") == [(0,)], table
    with app(), access.in_office(two.user.pk, visiting=two.mine.tenant_id):
        assert Device.objects.count() == 2
        for table in tables:
            assert run(f"SELECT count(*) FROM {table}") == [(counts[table] // 2,)], table


def fill(device: Device) -> None:
    """A row in every table of data."""
    own, now = device.tenant_id, datetime.now(UTC)
    told = Recipient.objects.create(tenant_id=own, name="r", address="r@example.jp", created_at=now)
    rule = Rule.objects.create(tenant_id=own, device=device, key="t", upper=1, created_at=now)
    rule.recipients.add(told)
    shared = SharedRule.objects.create(tenant_id=own, group="g", key="t", upper=1, created_at=now)
    shared.recipients.add(told)
    shared.devices.add(device)
    RuleState.objects.create(rule=rule)
    Rhythm.objects.create(device=device, tenant_id=own, learned_at=now)
    incident = Incident.objects.create(
        tenant_id=own, device=device, rule=rule, key="t", side="upper", limit=1.0, since=now,
        opened_at=now, opened_value=2.0, worst_value=2.0,
    )  # fmt: skip
    Deed.objects.create(tenant_id=own, incident=incident, at=now, kind="taken", name="u")
    Chase.objects.create(incident=incident, tenant_id=own, begun_at=now, due_at=now)
    Policy.objects.create(tenant_id=own)
    Wording.objects.create(tenant_id=own, event="opened", before="w")
    group = Group.objects.create(tenant_id=own, name="g", created_at=now)
    Duty.objects.create(tenant_id=own, group=group, recipient=told)
    Pace.objects.create(recipient=told, tenant_id=own)
    store.keep_points([Point(own, device.pk, "words", "text", now, "w")])
    Backdated.objects.create(device=device, tenant_id=own, month=now.date(), received_on=now.date())
    series = Series.objects.get(device=device, key="t")
    Chunk.objects.create(
        series=series, day_from=now.date(), day_until=now.date(), count=1, body=b"x"
    )
    run(
        "INSERT INTO readings_uplink (device_id, sent_at, message, tenant_id, entry_key, "
        "received_at, processed_at, event, payload, gateways, link, data, problem, is_late) "
        "VALUES (%s, %s, gen_random_uuid(), %s, gen_random_uuid(), %s, %s, '', '', 0, '{}', '{}', "
        "'', false)",
        device.pk, now, own, now, now,
    )  # fmt: skip


def test_p14_a_new_table_is_closed_until_its_wall_is_declared(db: None) -> None:
    with owner(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.forgotten (tenant_id bigint)")
    for role in (APP, PIPELINE):
        with under(role), pytest.raises(ProgrammingError, match="permission denied"):
            run("SELECT * FROM forgotten")
    with (
        connection.cursor() as cursor,
        pytest.raises(walls.Undeclared, match="forgotten has no wall"),
    ):
        walls.check_declared(cursor, WALLS)


def test_p15_a_partition_cannot_be_asked_past_its_table(two: Two) -> None:
    with app(), access.acting_in(two.mine.tenant_id, two.user.pk):
        assert Reading.objects.count() == 1
        for (part,) in run(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
            "WHERE inhparent = 'readings_reading'::regclass"
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                run(f"SELECT * FROM {part}")


def test_a_person_sees_the_own_memberships_and_may_not_make_one(two: Two) -> None:
    stranger = User.objects.create_user("ben", "x" * 20, name="ベン")
    with app():
        assert [m.tenant.name for m in access.memberships_of(two.user)] == ["甲"]
        assert access.memberships_of(stranger) == []
        assert access.membership_of(stranger, two.mine.tenant.code) is None
        with (
            pytest.raises(DatabaseError, match="row-level security"),
            access.acting_as(stranger.pk),
        ):
            Membership.objects.create(tenant=two.mine.tenant, user=stranger, role="admin")


def test_the_pruner_takes_only_what_was_kept_long_enough(two: Two) -> None:
    today = datetime.now(UTC)
    for years in (9, 11):
        at = today - timedelta(days=366 * years)
        AuditEntry.objects.create(tenant=two.mine.tenant, at=at, action="a.b", subject=str(years))
    with under(PIPELINE):
        AuditEntry.objects.filter(subject__in=["9", "11"]).delete()  # as a mistaken pruner would
        assert list(AuditEntry.objects.filter(action="a.b").values_list("subject", flat=True)) == [
            "9"
        ]
        assert audit.prune(today) == 0


def test_the_walls_can_be_built_again_on_top_of_themselves(two: Two) -> None:
    run("SET CONSTRAINTS ALL IMMEDIATE")
    with owner(), connection.cursor() as cursor:
        walls.let_owner_in(cursor)  # as a migration begins
        assert Device.objects.count() == 2
        walls.build(cursor, WALLS)
        assert Device.objects.count() == 0
        assert walls.stands(cursor, WALLS)
        assert not walls.stands(cursor, WALLS[1:])
    with app(), access.acting_in(two.mine.tenant_id, two.user.pk):
        assert Device.objects.count() == 1


@pytest.mark.parametrize("role", [APP, PIPELINE])
def test_a_program_with_its_own_role_starts(db: None, role: str) -> None:
    with psycopg.connect(url_of(role)) as line:
        roles.check(line, role, walls.note(WALLS))


def superuser_url() -> str:
    """The embedded server's superuser; a server given by the operator has none for us."""
    words = read_passwords(DATA.with_name(f"{DATA.name}.pgpass"))
    if os.environ.get("NOROSHI_TEST_OWN_SERVER") != "1":
        pytest.skip("needs the superuser of the embedded server")
    return roles.address(owner_url(), "postgres", words["postgres"])


def refusal(line: "psycopg.Connection[tuple[object, ...]]", role: str = APP) -> str:
    with pytest.raises(roles.WrongRole) as wrong:
        roles.check(line, role, walls.note(WALLS))
    assert "\n" not in str(wrong.value)
    return str(wrong.value)


def test_a_program_with_anothers_role_is_refused(db: None) -> None:
    with psycopg.connect(url_of(PIPELINE)) as line:
        assert "is noroshi_pipeline, it must be noroshi_app" in refusal(line)
        assert "NOROSHI_APP_DATABASE_URL" in refusal(line)


def test_a_program_before_walls_of_another_version_is_refused(db: None) -> None:
    with psycopg.connect(url_of(APP)) as line, pytest.raises(roles.WrongRole, match="migrate"):
        roles.check(line, APP, walls.note(WALLS[1:]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER ROLE noroshi_app CREATEDB", "may make roles or databases"),
        ("ALTER TABLE tenants_tenant NO FORCE ROW LEVEL SECURITY", "tenants_tenant has no wall"),
        ("GRANT CREATE ON SCHEMA public TO noroshi_app", "may make tables"),
        ("GRANT noroshi_pipeline TO noroshi_app", "is a member of another role"),
        ("ALTER ROLE noroshi_app BYPASSRLS", "passes every wall"),
        ("ALTER ROLE noroshi_app SUPERUSER", "is a superuser"),
    ],
)
def test_a_role_that_may_too_much_is_refused(db: None, change: str, told: str) -> None:
    with psycopg.connect(superuser_url()) as line:  # never committed
        line.execute(change)
        line.execute(f"SET ROLE {APP}")
        assert told in refusal(line)
        line.rollback()
