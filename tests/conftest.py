"""What every test run shares: the database is started by tests.settings and let go here."""

from collections.abc import Iterator

import pytest
import pytest_django
from django.db import connection, transaction
from django.utils import translation

from noroshi.config.walls import WALLS
from noroshi.tenants import walls
from tests import acting, database


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    """The walls stand in tests as they do in the product, and nobody works as the owner."""
    with django_db_blocker.unblock():
        with transaction.atomic(), connection.cursor() as cursor:
            there = walls.tables(cursor)  # a table without a wall fails the catalogue's test only
            known = [wall for wall in WALLS if wall.table in there]
            if not walls.stands(cursor, known):
                walls.build(cursor, known)
        acting.act_as_pipeline()


@pytest.fixture(autouse=True)
def japanese() -> Iterator[None]:
    """Each test begins in the house's language, whatever page was asked for before it."""
    with translation.override("ja"):
        yield


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the embedded server go at the end of the run; workers leave that to their starter."""
    if not hasattr(config, "workerinput"):
        database.release()
