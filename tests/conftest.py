"""What every test run shares: the database is started by tests.settings and let go here."""

import os
from collections.abc import Generator, Iterator

import pytest
import pytest_django
from django.db import connection, transaction
from django.utils import translation

from noroshi.codecs import sandbox
from noroshi.config.walls import WALLS
from noroshi.tenants import walls
from tests import acting, database
from tests.receiver import receiver

__all__ = ["receiver"]

ENVIRONMENT = pytest.StashKey[dict[str, str]]()


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


@pytest.fixture(autouse=True, scope="session")
def sources_checked_once() -> Iterator[None]:
    """A codec's source that many tests save is found good in a process of its own but once."""
    good: set[tuple[str, str]] = set()

    def check(kind: str, source: str) -> str:
        told = "" if (kind, source) in good else sandbox.check_source(kind, source)
        if not told:
            good.add((kind, source))
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("noroshi.codecs.actions.check_source", check)
        yield


@pytest.fixture(autouse=True)
def japanese() -> Iterator[None]:
    """Each test begins in the house's language, whatever page was asked for before it."""
    with translation.override("ja"):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """What a test leaves in the environment breaks the programs that later tests start."""
    item.stash[ENVIRONMENT] = _environment()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """After the last of its fixtures, so that what is put back is back."""
    yield
    assert _environment() == item.stash[ENVIRONMENT]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the embedded server go at the end of the run; workers leave that to their starter."""
    if not hasattr(config, "workerinput"):
        database.release()
