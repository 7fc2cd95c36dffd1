"""The program `noroshi up`: the database and every program on one machine, under one Ctrl-C."""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from noroshi.base import environment
from noroshi.base.roles import ROLE_OF_PROGRAM, Urls
from noroshi.jobs import up_checks, up_greeting, up_roles
from noroshi.jobs.backing import standing
from noroshi.jobs.postgres import DatabaseUnavailable, Embedded
from noroshi.jobs.supervisor import Program, Supervisor
from noroshi.jobs.up_checks import NotStarted, Ports

START_ORDER = (
    "wal",
    "catcher",
    "gate",
    "listen",
    "work",
    "send",
    "receive",
    "tick",
    "live",
    "web",
    "simulate",
)
STOP_ORDER = [
    *("simulate", "web", "live", "tick", "receive", "work", "send", "listen", "gate"),
    *("catcher", "wal"),
]
DEMO_ONLY = {"catcher", "simulate"}
SYNC_S_MAX = 10.0
DATABASE_ROUND_S = 1.0
ANSWER_S_MAX = 90.0


def main() -> int:
    """Run until Ctrl-C or SIGTERM; 0 after a clean stop, 1 and one line when it cannot start."""
    options = read_options(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the supervisor listens
    try:
        with up_checks.only_one(options.var):
            return run(options)
    except (NotStarted, DatabaseUnavailable) as reason:
        tell(str(reason))
        return 1
    except KeyboardInterrupt:
        tell("stopped before it was up")
        return 0


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    is_demo: bool
    is_verbose: bool
    host: str
    ports: Ports
    var: Path


def read_options(words: list[str]) -> Options:
    """The command line over the environment over the defaults; port 0 means any free port."""
    env = environment.read()
    parser = argparse.ArgumentParser("noroshi up", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="fill it and let terminals report")
    parser.add_argument("--verbose", action="store_true", help="show every program's output")
    parser.add_argument("--host", default=env.host, help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=env.web_port, help="pages (%(default)s)")
    parser.add_argument("--gate-port", type=int, default=env.gate_port, help="(%(default)s)")
    parser.add_argument("--live-port", type=int, default=env.live_port, help="(%(default)s)")
    parser.add_argument(
        "--smtp-port", type=int, default=8025, help="the demo's mail catcher (%(default)s)"
    )
    parser.add_argument("--data", type=Path, default=env.var, help="folder (%(default)s)")
    given = parser.parse_args(words)
    ports = Ports(web=given.port, gate=given.gate_port, live=given.live_port, smtp=given.smtp_port)
    return Options(given.demo, given.verbose, given.host, ports, given.data.absolute())


def run(options: Options) -> int:
    """Prepare, start, greet, tend, stop."""
    ports = up_checks.settle_ports(options.ports, host=options.host, with_mail=options.is_demo)
    base = program_settings(options, ports)
    with database(options.var) as urls:
        settings = base | owners_settings(urls)
        sign_in = up_checks.prepare(settings, var=options.var, is_demo=options.is_demo, say=tell)
        supervisor = Supervisor(
            [program(name, urls) for name in wanted(is_demo=options.is_demo)],
            log_dir=options.var / "log",
            environment=base,
            say=tell,
            echo=show if options.is_verbose else None,
        )
        supervisor.listen()
        lent = environment.lend(settings, options.var)
        try:
            supervisor.start(after=lambda name: await_second_copy(name, urls))
            greet = greeter(options, ports, sign_in)
            while not supervisor.is_asked_to_stop:
                supervisor.tend()
                greet()
            tell("stopping")
        finally:
            lent.unlink(missing_ok=True)
            supervisor.stop(STOP_ORDER)
    tell("stopped; all data are kept")
    return 0


def wanted(*, is_demo: bool) -> list[str]:
    """The programs in the order in which they start, as far as this installation has them."""
    without = set() if is_demo else set(DEMO_ONLY)
    told = environment.read()
    if not told.mail_proof.domain:
        without.add("receive")  # mail comes back only where it is meant to
    if not told.backup.is_wal:
        without.add("wal")
    return [name for name in START_ORDER if name not in without]


def await_second_copy(name: str, urls: Urls) -> None:
    """Where commits shall wait for the second copy, no program begins before they do."""
    if name != "wal" or not environment.read().backup.is_sync:
        return
    deadline = time.monotonic() + SYNC_S_MAX
    while not up_checks.waits_for_second_copy(urls.app):
        if time.monotonic() > deadline:
            tell("commits do not wait for the second copy yet; see the log of wal")
            return
        time.sleep(0.1)


def program(name: str, urls: Urls) -> Program:
    """One of the house's own programs, told the database's address for its own role only.

    The demo's networks may come to an end. Only tick, which starts backups, learns their address,
    and only wal that of the log.
    """
    argv = (sys.executable, "-u", "-m", "noroshi", name)
    role = ROLE_OF_PROGRAM.get(name)
    settings = {} if role is None else {"DATABASE_URL": urls.of(role)}
    wanted = environment.read().backup
    if name == "tick" and wanted.url:
        settings[environment.BACKUP_URL] = wanted.url
    if name == "wal" and wanted.wal_url:
        settings[environment.WAL_URL] = wanted.wal_url
    return Program(name, argv, is_once=name == "simulate", settings=settings)


def owners_settings(urls: Urls) -> dict[str, str]:
    """What the owner's tools are told: every address."""
    own = {"DATABASE_URL": urls.owner}
    return own | {name: urls.of(role) for role, name in environment.ROLE_URLS.items()}


@contextlib.contextmanager
def database(var: Path) -> Iterator[Urls]:
    """The server of DATABASE_URL, or the embedded one, which is kept running meanwhile."""
    env = environment.read()
    if env.database_url:
        yield up_roles.urls_of_own_server(replace(env, var=var))
        return
    server = Embedded(var / "postgres", say=tell)
    server.start()
    if not env.backup.is_sync:
        with standing.connect(server.receiver_url) as connection:
            standing.wait_for_nobody(connection)  # whatever was wanted before
    ended = threading.Event()
    keeper = threading.Thread(target=keep_database, args=(server, ended), daemon=True)
    keeper.start()
    try:
        yield server.urls
    finally:
        ended.set()
        keeper.join()
        server.stop()


def keep_database(server: Embedded, ended: threading.Event) -> None:
    """Each second: is the database still there? A failure is told once and tried again."""
    told = ""
    while not ended.wait(DATABASE_ROUND_S):
        try:
            server.keep_running()
            told = ""
        except DatabaseUnavailable as reason:
            if str(reason) != told:
                told = str(reason)
                tell(told)


def program_settings(options: Options, ports: Ports) -> dict[str, str]:
    """The environment of the programs, but for the database's addresses."""
    settings = environment.without_databases(os.environ)
    settings.pop("NOROSHI_SECRET_KEY_FILE", None)  # told below, wherever it came from
    settings |= {
        "NOROSHI_SECRET_KEY": environment.read().secret_key or up_checks.secret(options.var),
        "NOROSHI_HOST": options.host,
        "NOROSHI_WEB_PORT": str(ports.web),
        "NOROSHI_GATE_PORT": str(ports.gate),
        "NOROSHI_LIVE_PORT": str(ports.live),
        "NOROSHI_VAR": str(options.var),
        "DJANGO_SETTINGS_MODULE": "noroshi.config.settings",
    }
    if options.is_demo:
        settings |= {"NOROSHI_DEMO": "1", "NOROSHI_SMTP_URL": f"smtp://127.0.0.1:{ports.smtp}"}
    return settings


def greeter(options: Options, ports: Ports, sign_in: str) -> Callable[[], None]:
    """A function for each round: it greets once, when the pages answer or ought to have."""
    began = time.monotonic()
    is_done = False

    def greet() -> None:
        nonlocal is_done
        if is_done:
            return
        if up_checks.answers(options.host, ports.web):
            show(up_greeting.box(options.host, ports, sign_in=sign_in, is_demo=options.is_demo))
            is_done = True
        elif time.monotonic() - began > ANSWER_S_MAX:
            tell(f"the pages do not answer yet; see {options.var / 'log' / 'web.log'}")
            is_done = True

    return greet


def tell(line: str) -> None:
    """One line for the operator."""
    show(f"noroshi: {line}")


def show(text: str) -> None:
    """Text on the terminal, at once; a terminal that went away stops nothing."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
