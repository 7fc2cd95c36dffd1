"""What every test run shares: the database is started by tests.settings and let go here."""

import pytest

from tests import database


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the embedded server go at the end of the run; workers leave that to their starter."""
    if not hasattr(config, "workerinput"):
        database.release()
