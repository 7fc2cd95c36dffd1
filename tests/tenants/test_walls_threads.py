"""T03: whatever happens on a connection, it never shows one tenant the rows of another."""

import random
import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from noroshi.base.roles import APP
from noroshi.codecs.models import Codec
from noroshi.devices.models import Device, DeviceType, Site
from noroshi.tenants import access
from noroshi.tenants.models import Membership, Tenant, User
from tests.committed import transactional_db
from tests.database import url_of
from tests.things import thing

__all__ = ["transactional_db"]

THREADS = 20
SECONDS = 4.0
QUERIES_MIN = 2_000


class Breakdown(Exception):
    """Something went wrong in a page."""


@pytest.fixture
def houses(transactional_db: None) -> list[tuple[int, int]]:
    """(tenant, user) of two tenants with three devices each, committed."""
    now = datetime.now(UTC)
    kind = DeviceType.objects.create(
        name_ja="温度計", codec=Codec.objects.create(name="c", kind="network")
    )
    made = []
    for name in ("a", "b"):
        tenant = Tenant.objects.create(name=name, created_at=now)
        user = User.objects.create_user(name, "x" * 20, name=name)
        Membership.objects.create(tenant=tenant, user=user, role="admin")
        site = Site.objects.create(tenant=tenant, name="site")
        for n in range(3):
            Device.objects.create(
                tenant=tenant, name=name, type=kind, space="generic", address=f"{name}{n}",
                site=site, registered_at=now,
                thing=thing(kind, "generic", f"{name}{n}", now),
            )  # fmt: skip
        made.append((tenant.pk, user.pk))
    return made


class Visitor(threading.Thread):
    """One worker of the pages: the same connection for one request after the other."""

    def __init__(self, houses: list[tuple[int, int]], seed: int, until: float) -> None:
        super().__init__()
        self.houses, self.random, self.until = houses, random.Random(seed), until
        self.questions = self.mishaps = 0
        self.foreign: list[object] = []

    def run(self) -> None:
        parts = url_of(APP).split("://", 1)[1]
        name, _, word = parts.partition("@")[0].partition(":")
        # A real sign-in as the app: this thread's own settings, without the tests' SET ROLE.
        known = connection.settings_dict
        connection.settings_dict = known | {
            "USER": name, "PASSWORD": word, "OPTIONS": {"application_name": "walls"},
        }  # fmt: skip
        try:
            while time.monotonic() < self.until:
                self.one_request()
        finally:
            connection.close()
            connection.settings_dict = known

    def one_request(self) -> None:
        tenant, user = self.random.choice(self.houses)
        try:
            with access.acting_in(tenant, user):
                self.look({tenant})
                self.mishap()
                self.look({tenant})
        except (Breakdown, DatabaseError):
            self.mishaps += 1
        self.look(set())
        if self.random.random() < 0.1:
            with access.in_office(user):
                self.look({house for house, _ in self.houses})
            self.look(set())

    def look(self, allowed: set[int]) -> None:
        """Ask without any filter, as a forgotten one would."""
        model = self.random.choice([Device, Site])
        seen = set(model.objects.values_list("tenant_id", flat=True))
        self.questions += 1
        if seen != allowed:
            self.foreign.append((allowed, seen))

    def mishap(self) -> None:
        fate = self.random.random()
        with connection.cursor() as cursor:
            if fate < 0.1:
                raise Breakdown
            if fate < 0.2:
                cursor.execute("SELECT 1 / 0")
            elif fate < 0.3:
                cursor.execute("SET LOCAL statement_timeout = 1")
                cursor.execute("SELECT pg_sleep(1)")
            elif fate < 0.33:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            elif fate < 0.45:
                self.inner_mishap()

    def inner_mishap(self) -> None:
        tenant, user = self.random.choice(self.houses)
        try:
            with access.acting_in(tenant, user):
                self.look({tenant})
                with transaction.atomic():
                    raise Breakdown
        except Breakdown:
            self.mishaps += 1


def test_twenty_threads_and_any_mishap_show_nobody_a_foreign_row(
    houses: list[tuple[int, int]],
) -> None:
    until = time.monotonic() + SECONDS
    visitors = [Visitor(houses, seed, until) for seed in range(THREADS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert [one for visitor in visitors for one in visitor.foreign] == []
    assert sum(visitor.questions for visitor in visitors) > QUERIES_MIN
    assert sum(visitor.mishaps for visitor in visitors) > THREADS
