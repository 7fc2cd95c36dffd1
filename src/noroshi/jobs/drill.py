"""The program `noroshi drill`: restore the newest backup elsewhere and prove it whole."""

import argparse
import sys
import time
from pathlib import Path

import psycopg
from django.utils import timezone

from noroshi.base import environment
from noroshi.base.models import BackupRun
from noroshi.jobs.backing import manifest, runs, take
from noroshi.jobs.backing.drill import drill
from noroshi.jobs.backing.errors import BadBackup, CannotBackUp, NotRestored
from noroshi.jobs.backing.runs import Came
from noroshi.jobs.postgres import DatabaseUnavailable

REFUSALS = (BadBackup, CannotBackUp, NotRestored, DatabaseUnavailable, OSError, psycopg.Error)


def main(argv: list[str] | None = None) -> int:
    """0 when the backup is whole, 1 and one line when not."""
    args = arguments().parse_args(argv)
    env = environment.read()
    folder = args.backup or env.backup.folder
    if folder is None:
        sys.stderr.write("noroshi drill: name a backup, or set NOROSHI_BACKUP_FOLDER\n")
        return 2
    scratch, now = (args.scratch or env.var / "drill").absolute(), timezone.now()
    came = runs.written_down(BackupRun.Kind.DRILL, now, lambda: prove(folder.absolute(), scratch))
    out = sys.stdout if came.is_good else sys.stderr
    out.write(f"noroshi drill: {came.said}\n")
    return 0 if came.is_good else 1


def prove(folder: Path, scratch: Path) -> Came:
    """What came of it; `folder` is one backup or holds many, of which the newest is taken."""
    begun, name = time.monotonic(), folder.name
    try:
        backup = manifest.newest(folder)
        name = backup.folder.name
        with take.alone(backup.folder.parent):
            drill(backup, scratch, say)
    except REFUSALS as reason:
        return Came(is_good=False, said=" ".join(str(reason).split()), place=name)
    said = f"{name} is whole: restored and proved in {time.monotonic() - begun:.1f} s"
    size, rows = backup.manifest.size, backup.manifest.count
    return Came(is_good=True, said=said, place=name, size=size, rows=rows)


def say(line: str) -> None:
    """One line for the operator."""
    sys.stdout.write(f"noroshi drill: {line}\n")
    sys.stdout.flush()


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="noroshi drill", description=__doc__)
    parser.add_argument("backup", type=Path, nargs="?", help="instead of the newest")
    parser.add_argument("--scratch", type=Path, metavar="FOLDER", help="instead of var/drill")
    return parser


if __name__ == "__main__":
    sys.exit(main())
