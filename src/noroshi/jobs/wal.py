"""The program `noroshi wal`: receive the server's log into the folder of backups."""

import argparse
import json
import logging
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import psycopg

from noroshi.base import environment
from noroshi.base.environment import Environment
from noroshi.base.heartbeat import BEAT, EVERY_S, instance
from noroshi.base.logs import Line
from noroshi.jobs.backing import standing, tools
from noroshi.jobs.backing.errors import CannotBackUp
from noroshi.jobs.backing.receiving import Receiving, Told
from noroshi.jobs.backing.standing import Standing
from noroshi.jobs.postgres import DatabaseUnavailable, Embedded

LOOK_EVERY_S = 0.25
CONNECT_S_MAX = 5
NOTE_CHARS_MAX = 200
PULSE = BEAT.format("%s", "%s", "%s", "%s")

log = logging.getLogger("noroshi.jobs.wal")


def main(argv: list[str] | None = None) -> int:
    """Receive until told to stop, or do the one thing that is asked for."""
    args = arguments().parse_args(argv)
    env = environment.read()
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        url = url_of(env)
        if args.status or args.go_on or args.end:
            return once(url, args)
        if env.backup.folder is None or not env.backup.is_wal:
            say("set NOROSHI_WAL=1 with NOROSHI_BACKUP_FOLDER and NOROSHI_BACKUP_FORM=base")
            return 2
        receive(env, url, env.backup.folder)
    except (CannotBackUp, DatabaseUnavailable, psycopg.Error) as reason:
        say(" ".join(str(reason).split()))
        return 1
    return 0


def once(url: str, args: argparse.Namespace) -> int:
    """Say how it stands; or go on without the receiver first, for now or for good."""
    with standing.connect(url) as connection:
        if args.go_on or args.end:
            standing.wait_for_nobody(connection)
        if args.end:
            standing.drop_slot(connection)
        time.sleep(0.2 if args.go_on or args.end else 0)  # the server reads its settings anew
        seen = standing.look(connection)
    sys.stdout.write(f"noroshi wal: {words_of(seen)}\n")
    return 0


def words_of(seen: Standing) -> str:
    """One line."""
    waits = "commits wait for it" if seen.is_sync else "commits do not wait for it"
    if not seen.has_slot:
        return f"the server keeps no log for a receiver; {waits}"
    if seen.is_lost:
        return f"log was LOST before it was received; {waits}"
    follows = "the receiver follows" if seen.is_streaming else "NO receiver follows"
    return f"{follows}, {seen.behind} bytes behind; {waits}"


def receive(env: Environment, url: str, folder: Path) -> None:
    """Until SIGTERM or SIGINT."""
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    with standing.connect(url) as connection:
        programs = tools.programs_for(connection.info.server_version // 10000)
    receiving = Receiving(url, programs, folder, is_sync=env.backup.is_sync)
    heart = Heart(env.database_url)
    try:
        while not stop.is_set():
            heart.beat(receiving.step(datetime.now(UTC)))
            stop.wait(LOOK_EVERY_S)
    finally:
        receiving.stop()


class Heart:
    """The pulse of this program; it never waits for the receiver that it tells of."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None
        self._next_at = 0.0

    def beat(self, told: Told) -> None:
        """Touch the row when it is time again; a database that is away is tried again later."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + EVERY_S
        figures = {
            "is_streaming": int(told.is_streaming),
            "is_lost": int(told.is_lost),
            "is_sync": int(told.is_sync),
            "alone_s": round(told.alone_s),
            "behind": told.behind,
            "behind_s": round(told.behind_s, 1),
            "uncovered_s": round(told.uncovered_s),
            "size": told.size,
        }
        row = ["wal", instance(), told.said[:NOTE_CHARS_MAX], json.dumps(figures)]
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._url, connect_timeout=CONNECT_S_MAX, autocommit=True
                )
                self._connection.execute("SET synchronous_commit = local")
            self._connection.execute(PULSE, row)
        except psycopg.Error:
            if self._connection is not None:
                self._connection.close()
            self._connection = None


def url_of(env: Environment) -> str:
    """The address for the role that receives. Raises CannotBackUp."""
    if env.backup.wal_url:
        return env.backup.wal_url
    embedded = Embedded(env.var / "postgres")
    if (env.var / "postgres.pgpass").is_file() and embedded.status.port is not None:
        return embedded.receiver_url
    raise CannotBackUp(
        "set NOROSHI_WAL_URL to the role noroshi_wal (docs/operators.md, the log): "
        f"no embedded database runs in {env.var}"
    )


def say(line: str) -> None:
    """One line for the operator."""
    sys.stderr.write(f"noroshi wal: {line}\n")


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="noroshi wal", description=__doc__)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--status", action="store_true", help="say how it stands, and end")
    only.add_argument(
        "--go-on", action="store_true", help="commits that wait for a dead receiver go on without"
    )
    only.add_argument(
        "--end", action="store_true", help="the same for good: the server keeps no log for it"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
