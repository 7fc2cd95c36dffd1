"""The program `noroshi faults`: break the product at random under load; then nothing is missing.

Ends with 0 when all that senders were told holds, with 1 when not. The seed is printed: the same
seed draws the same faults again.
"""

import argparse
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from noroshi.base.failpoints import GATE, SENDER, SPINE
from noroshi.jobs import smoke
from noroshi.jobs.fault_run import plan, reckon
from noroshi.jobs.fault_run.clock import Clock
from noroshi.jobs.fault_run.disks import Disks
from noroshi.jobs.fault_run.driver import Driver
from noroshi.jobs.fault_run.load import Load
from noroshi.jobs.fault_run.mail import MoodyPostOffice
from noroshi.jobs.postgres import Embedded
from noroshi.jobs.postgres_files import any_port
from noroshi.jobs.smoking import cast
from noroshi.jobs.smoking.cast import Terminal
from noroshi.jobs.smoking.consent import says_yes
from noroshi.jobs.smoking.network import Network
from noroshi.jobs.smoking.product import Product
from noroshi.jobs.smoking.report import CheckFailed, Report, say
from noroshi.jobs.smoking.tenant import Tenant

KILLS, SECONDS = 60, 75
KILLS_A_MINUTE = 45
TERMINALS = tuple(
    Terminal(f"壊れず{number:02d}号", "fridge", "lorawan", f"A84041FFFF00C{number:03d}")
    for number in range(10)
)
RECIPIENT = ("当番", "duty@faults.example.jp", "ja")
SETTLE_S_MAX = 120.0
LOOK_S = 1.0
SENDERS = 4  # threads of the sender: each may have a mail on its way
CHANCE = 0.0004  # of a death at each failpoint
DEATH = re.compile(r"^-- send ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """One run as the command line asks for it."""

    seed: int
    kills: int
    seconds: float


def main() -> int:
    """Run all of it in a folder that is removed when all is well."""
    run = read_options(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it, too, must stop the product
    folder = Path(tempfile.mkdtemp(prefix="noroshi-faults-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user than this one
    office, disks, clock = MoodyPostOffice(any_port()), Disks(folder / "var"), Clock(folder)
    product = Product(folder, office.port)
    names = ",".join(f"{name}=kill:{CHANCE}" for name in (*SPINE, *SENDER, *GATE))
    product.environment |= {"NOROSHI_FAULT_RUN": "1", "NOROSHI_FAILPOINTS": names}
    say(
        f"faults: seed {run.seed}; the same again: "
        f"noroshi faults --seed {run.seed} --kills {run.kills} --seconds {run.seconds:.0f}"
    )
    wrong = ["it did not come to an end"]
    try:
        wrong = rage(run, product, office, Setting(disks, clock))
    except CheckFailed as failure:
        wrong = [str(failure)]
    except KeyboardInterrupt:
        wrong = ["stopped before the end"]
    finally:
        product.end()
        office.close()
        disks.unmount()
    for line in wrong:
        say(f"NOT OK {line}")
    say(f"faults: {'all held' if not wrong else f'{len(wrong)} wrong; logs: {product.logs}'}")
    if not wrong:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds the product."""

    disks: Disks
    clock: Clock


def rage(run: Run, product: Product, office: MoodyPostOffice, around: Setting) -> list[str]:
    """The whole run; what was wrong, a line each."""
    can = list(plan.WEIGHTS)
    reason = around.disks.mount()
    if reason:
        say(f"skipped: {plan.SPOOL_FULL}, {plan.DISK_FULL} ({reason})")
        can = [kind for kind in can if kind not in {plan.SPOOL_FULL, plan.DISK_FULL}]
    if around.clock.environment:
        product.environment |= around.clock.environment
    else:
        say(f"skipped: {plan.CLOCK} ({around.clock.reason})")
        can.remove(plan.CLOCK)
    office.open()
    product.start()
    load = Load(furnish(product, office), list(TERMINALS))
    driver = Driver(product, office, around.disks, around.clock)
    load.start()
    try:
        driver.drive(plan.drawn(run.seed, kills=run.kills, seconds=run.seconds, can=can))
    finally:
        driver.heal()
        load.stop()
    settle(product)
    return reckoning(product, office, load, driver)


def furnish(product: Product, mails: MoodyPostOffice) -> Network:
    """A tenant, its terminals with a limit each, and somebody who is told; through the pages."""
    report = Report()
    office = smoke.open_office(report, product)
    tenant = smoke.move_in(report, product, office)
    office.make_kind(cast.KINDS["fridge"])
    line = Network(office.make_connection(cast.LINES[0]))
    for terminal in TERMINALS:
        office.register(terminal, cast.TENANT)
    codes = tenant.codes()
    tenant.add_recipient(*RECIPIENT)
    tenant.tell_singly()
    say_yes(report, tenant, mails)
    limits = {"upper": f"{reckon.LIMIT:g}", "margin": f"{reckon.MARGIN:g}", "hold_min": "0"}
    for terminal in TERMINALS:
        tenant.add_rule(codes[terminal.name], "temperature", limits, [RECIPIENT[0]])
    return line


def say_yes(report: Report, tenant: Tenant, mails: MoodyPostOffice) -> None:
    """The recipient is asked by one mail, says yes, and is told of alarms from then on."""
    report.becomes("the recipient is asked once", lambda: len(mails.taken), 1)
    (body,) = mails.bodies()
    is_good = says_yes(tenant.who.base, RECIPIENT[0], body)
    report.holds("the recipient says yes", is_good=is_good, seen=body)
    mails.forget()


def settle(product: Product) -> None:
    """Until nothing waits any more. Raises CheckFailed when something waits too long."""
    until = time.monotonic() + SETTLE_S_MAX
    seen = ""
    while time.monotonic() < until:
        spooled = sorted((product.var / "spool").glob("*/*.spool1"))
        try:
            url = Embedded(product.var / "postgres").urls.pipeline
            entries, mails = reckon.waiting(url, hasten=True)
        except psycopg.Error as error:
            seen = str(error)
        else:
            seen = f"{len(spooled)} files in the spool, {entries} entries, {mails} mails"
            if not spooled and not entries and not mails:
                return
        time.sleep(LOOK_S)
    raise CheckFailed(f"after {SETTLE_S_MAX:.0f} s there still wait: {seen}")


def reckoning(product: Product, office: MoodyPostOffice, load: Load, driver: Driver) -> list[str]:
    """Compare, and tell in a few lines what was done and seen."""
    found = reckon.books(Embedded(product.var / "postgres").urls.pipeline)
    wrong = reckon.stored_wrong(found, load.sent)
    if not driver.done[plan.CLOCK]:  # else a terminal's times are clamped, and judged as such
        wrong += reckon.readings_wrong(found, load.sent) + reckon.judged_wrong(found)
    wrong += reckon.mailed_wrong(found, office)
    deaths = len(DEATH.findall((product.var / "log" / "send.log").read_text(errors="replace")))
    cuts = sum(driver.done[kind] for kind in (plan.KILL_SERVER, plan.KILL_BACKEND))
    cuts += driver.done[plan.DISK_FULL] + driver.done[plan.SPOOL_FULL]
    twice, most = reckon.repeats(office), office.doubtful + SENDERS * (deaths + cuts)
    if twice > most:
        wrong.append(f"{twice} mails came twice; the faults explain {most}")
    done = ", ".join(f"{count} {kind}" for kind, count in sorted(driver.done.items()))
    say(f"faults: {done}; sender died {deaths} times in all")
    say(
        f"faults: {load.told} uplinks were told yes, {load.refused} no; {found.entries} stored; "
        f"longest gap {load.gap_s_max:.1f} s"
    )
    incidents = sum(map(len, found.incidents.values()))
    say(
        f"faults: {incidents} incidents, {len(found.mails)} mails, {sum(office.taken.values())} "
        f"came, {twice} of them once more"
    )
    tries = ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.tries.items()))
    say(f"faults: tries to send: {tries}")
    return wrong


def read_options(words: list[str]) -> Run:
    """The command line; `--minutes` makes a long run with as many kills as fit."""
    parser = argparse.ArgumentParser(prog="noroshi faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--kills", type=int, default=None, help=f"({KILLS})")
    parser.add_argument("--seconds", type=float, default=None, help=f"of the load ({SECONDS})")
    parser.add_argument("--minutes", type=float, default=None, help="the same, for a long run")
    given = parser.parse_args(words)
    seconds = given.minutes * 60 if given.minutes else given.seconds or SECONDS
    kills = given.kills or (int(seconds / 60 * KILLS_A_MINUTE) if given.minutes else KILLS)
    return Run(given.seed, kills, seconds)


if __name__ == "__main__":
    sys.exit(main())
