"""Wait for a word from the database instead of asking again and again."""

import logging
import time
from contextlib import suppress

import psycopg
from django.db import connection

RETRY_S = 1.0

log = logging.getLogger(__name__)


class Ear:
    """Hears the notifications of some channels on a connection of its own."""

    def __init__(self, *channels: str) -> None:
        self._channels = channels
        self._line: psycopg.Connection | None = None

    def wait(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s`; True when there may be something new.

        True also after every new connection: what was said before it was not heard. A database
        that is away is no error here: the wait is just that long.
        """
        try:
            if self._line is None:
                self._line = self._connect()
                return True
            return any(True for _ in self._line.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.OperationalError as error:
            log.warning("cannot listen, trying again: %s", str(error).strip().split("\n")[0])
            self.close()
            time.sleep(min(timeout_s, RETRY_S))
            return False

    def close(self) -> None:
        """Let the connection go; the next wait makes a new one."""
        if self._line is not None:
            with suppress(psycopg.Error):
                self._line.close()
        self._line = None

    def _connect(self) -> psycopg.Connection:
        line = psycopg.connect(**connection.get_connection_params(), autocommit=True)
        for channel in self._channels:
            line.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        return line
