"""What every program does first: make sure that its database role is the one it should have."""

import logging
import os
import signal
import threading
import time

import psycopg

from noroshi.base import environment, roles
from noroshi.config.walls import WALLS
from noroshi.tenants import walls

CONNECT_S_MAX = 5
RETRY_S = 1.0
# They can do nothing without the database, so they wait for it. The gate says so to its senders.
PATIENT = {"listen", "web", "live", "work", "send", "receive", "tick", "wal"}
# It takes uplinks in while the database is away: looked at as soon as that is there.
LATE = {"gate"}

log = logging.getLogger(__name__)


def stand_behind(program: str) -> None:
    """End this program with one line unless its role is right and the walls are of this version.

    Waits for a database that is away, where the program could do nothing else. The gate goes on
    meanwhile, and is stopped when the database comes and the role is wrong; tools go on, and say
    themselves what they lack.
    """
    url = environment.read().database_url
    told = False
    while url:
        try:
            check(url, program)
        except roles.WrongRole as wrong:
            raise SystemExit(f"noroshi {program}: {wrong}.") from None
        except psycopg.Error as error:
            if program in LATE:
                late = threading.Thread(
                    target=check_late, args=(url, program), name="late check", daemon=True
                )
                late.start()
            if program not in PATIENT:
                return
            if not told:
                told = True
                said = str(error).replace(url, "...").strip().split("\n")[0]
                log.warning("noroshi %s: waiting for the database: %s", program, said)
            time.sleep(RETRY_S)
        else:
            return


def check(url: str, program: str) -> None:
    """Look at the role behind this address. Raises roles.WrongRole, psycopg.Error."""
    with psycopg.connect(url, connect_timeout=CONNECT_S_MAX, autocommit=True) as connection:
        roles.check(connection, roles.ROLE_OF_PROGRAM[program], walls.note(WALLS))


def check_late(url: str, program: str) -> None:
    """The same as soon as the database answers; a wrong role stops this process."""
    while True:
        try:
            check(url, program)
        except roles.WrongRole as wrong:
            log.critical("noroshi %s: %s.", program, wrong)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        except psycopg.Error:
            time.sleep(RETRY_S)
        else:
            return
