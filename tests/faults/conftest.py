"""A process that dies at a named place, beside a database with real commits."""

import os
import signal
import time
import traceback
from collections.abc import Callable

from django.db import connection, connections

from noroshi.base import failpoints
from noroshi.base.failpoints import Wanted
from tests.committed import transactional_db

__all__ = ["transactional_db"]

GONE_S_MAX = 10.0
NOT_PASSED, WENT_WRONG = 70, 71
OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def killed_at(name: str, work: Callable[[], object]) -> None:
    """Let a child of this process do the work; it must die by SIGKILL at the named place."""
    connections.close_all()  # the child must not say goodbye on our line
    pid = os.fork()
    if pid == 0:
        code = WENT_WRONG
        try:
            failpoints.at = failpoints.armed({name: Wanted("kill")})
            work()
            code = NOT_PASSED
        finally:
            if code == WENT_WRONG:
                traceback.print_exc()
            os._exit(code)  # whatever happened: the child must not go on as the test
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"{name}: ended with {os.waitstatus_to_exitcode(status)}"
    assert os.WTERMSIG(status) == signal.SIGKILL
    wait_until_alone()


def wait_until_alone() -> None:
    """The server has seen that the dead hung up: their transactions are gone."""
    until = time.monotonic() + GONE_S_MAX
    while True:
        with connection.cursor() as cursor:
            cursor.execute(OTHERS)
            if cursor.fetchone() == (0,):
                return
        assert time.monotonic() < until
        time.sleep(0.01)
