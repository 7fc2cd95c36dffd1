"""The command `noroshi`: one word a program, run as the main module it names."""

import os
import runpy
import sys
from dataclasses import dataclass

import django

from noroshi.base import environment, roles
from noroshi.config import walls_check


@dataclass(frozen=True, slots=True)
class Program:
    """One program: the module to run, what it is for, whether it needs Django's models."""

    module: str
    purpose: str
    django: bool = True


PROGRAMS = {
    "up": Program("noroshi.jobs.up", "everything on one machine; --demo fills it", django=False),
    "gate": Program("noroshi.gate.main", "take in uplinks from the networks", django=False),
    "listen": Program("noroshi.listen.main", "fetch uplinks from brokers (MQTT)", django=False),
    "web": Program("noroshi.config.web", "pages for tenants and the office", django=False),
    "live": Program("noroshi.config.live", "live updates for open pages", django=False),
    "work": Program("noroshi.jobs.work", "decode, store and judge what came in"),
    "send": Program("noroshi.jobs.send", "send the mails that are due"),
    "receive": Program("noroshi.jobs.receive", "take in bounces and answers by mail"),
    "tick": Program("noroshi.jobs.tick", "timed work: retention, packing, partitions"),
    "migrate": Program("noroshi.config.migrate", "bring the tables and their walls up to date"),
    "manage": Program("noroshi.config.manage", "Django's own tools, as the tables' owner"),
    "add-staff": Program("noroshi.jobs.add_staff", "make the first account of the office"),
    "account": Program("noroshi.jobs.account", "issue, reset, stop, start or close a user id"),
    "rebuild": Program("noroshi.jobs.rebuild", "prove readings by the raw uplinks, or mend them"),
    "kind": Program("noroshi.jobs.kind", "what a kind of the service has, since when"),
    "retention": Program("noroshi.jobs.retention", "plans of deletion, holds, what went"),
    "contract": Program("noroshi.jobs.contract", "a contract, and why a value of it is in force"),
    "ledger": Program("noroshi.jobs.ledger", "verify the chains of acts of intent; show them"),
    "backup": Program("noroshi.jobs.backup", "copy the database into the folder of backups"),
    "wal": Program("noroshi.jobs.wal", "receive the database's log as it is written", django=False),
    "restore": Program("noroshi.jobs.restore", "bring a backup back"),
    "drill": Program("noroshi.jobs.drill", "restore a backup elsewhere and prove it whole"),
    "remove-factors": Program("noroshi.jobs.remove_factors", "somebody lost the second factor"),
    "doctor": Program("noroshi.jobs.doctor", "is the way of our mails in order (doctor mail)"),
    "import-places": Program("noroshi.jobs.import_places", "where internet addresses are, by CSV"),
    "device": Program("noroshi.jobs.device", "stock, assign, move, retire a terminal; show it"),
    "import-devices": Program("noroshi.jobs.import_devices", "register a contractor's terminals"),
    "prepare-demo": Program("noroshi.jobs.prepare_demo", "the demo's tenant, devices and people"),
    "simulate": Program("noroshi.jobs.simulate", "be the networks: post uplinks", django=False),
    "catcher": Program("noroshi.jobs.catcher", "the demo's own mail server", django=False),
    "faults": Program("noroshi.jobs.faults", "break it at random; then reckon", django=False),
    "smoke": Program("noroshi.jobs.smoke", "prove an installation from outside", django=False),
}


def main() -> None:
    """Run the program named first on the command line."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name not in PROGRAMS:
        sys.stdout.write(usage())
        raise SystemExit(0 if name in {"--help", "-h", "help"} else 2)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "noroshi.config.settings")
    environment.take_credentials()
    if PROGRAMS[name].django:
        environment.borrow()
    if name in roles.ROLE_OF_PROGRAM:
        environment.act_as(roles.ROLE_OF_PROGRAM[name])
        walls_check.stand_behind(name)
    if PROGRAMS[name].django:
        django.setup()
    sys.argv = [f"noroshi {name}", *sys.argv[2:]]
    runpy.run_module(PROGRAMS[name].module, run_name="__main__", alter_sys=True)


def usage() -> str:
    """The index of all programs."""
    lines = [f"  {name:<16}{program.purpose}" for name, program in PROGRAMS.items()]
    return "noroshi <program> [options]\n\n" + "\n".join(lines) + "\n"
