"""The program `noroshi backup`: copy the database into the folder of backups."""

import argparse
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from noroshi.base import environment
from noroshi.base.environment import BACKUP_FORMS, Environment
from noroshi.base.models import BackupRun
from noroshi.jobs.backing import keep, manifest, runs, strands, take, tools
from noroshi.jobs.backing.errors import BadBackup, CannotBackUp
from noroshi.jobs.backing.runs import Came

MB = 1_000_000


def main(argv: list[str] | None = None) -> int:
    """Make one and, asked for it, remove those that need not stay; 0 when it was made."""
    args = arguments().parse_args(argv)
    env = environment.read()
    wanted = replace(
        env.backup, folder=args.to or env.backup.folder, form=args.form or env.backup.form
    )
    if wanted.folder is None:
        sys.stderr.write("noroshi backup: say where: --to FOLDER, or set NOROSHI_BACKUP_FOLDER\n")
        return 2
    if args.list:
        return show(wanted.folder)
    env, now = replace(env, backup=wanted), timezone.now()
    came = runs.written_down(
        BackupRun.Kind.BACKUP, now, lambda: make(env, now, with_pruning=args.prune)
    )
    out = sys.stdout if came.is_good else sys.stderr
    out.write(f"noroshi backup: {came.said}\n")
    return 0 if came.is_good else 1


def make(env: Environment, now: datetime, *, with_pruning: bool) -> Came:
    """One backup, and then the pruning: what a person makes by hand removes nothing."""
    folder = env.backup.folder or Path()
    try:
        server = tools.source_of(env)
        made = take.take(server, folder, form=env.backup.form, secret=secret_of(env), now=now)
    except CannotBackUp as reason:
        return Came(is_good=False, said=str(reason))
    said = f"{made.folder} made in {made.manifest.took_s:.1f} s, {made.manifest.size / MB:.1f} MB"
    if with_pruning:
        said += prune(env, folder, now)
    size, rows = made.manifest.size, made.manifest.count
    return Came(is_good=True, said=said, place=made.folder.name, size=size, rows=rows)


def prune(env: Environment, folder: Path, now: datetime) -> str:
    """Remove what need not stay, of the log too; what came of it in words."""
    try:
        found = manifest.all_in(folder)
        also = strands.ends_of(found, days=env.backup.wal_days, now=now)
        daily, weekly = env.backup.daily, env.backup.weekly
        gone = keep.prune(found, daily=daily, weekly=weekly, also=also)
        stay = [one for one in found if one not in gone]
        strands.prune(folder, stay, days=env.backup.wal_days, now=now)
    except (BadBackup, OSError) as error:
        return f"; older ones were not looked through: {error}"
    return f", {len(found) - len(gone)} kept"


def secret_of(env: Environment) -> str:
    """The secret key, to mark which one seals what is in the backup; empty when not known here."""
    file = env.var / "secret"
    kept = file.read_text(encoding="ascii").strip() if file.is_file() else ""
    return env.secret_key or kept


def show(folder: Path) -> int:
    """A line a backup."""
    try:
        found = manifest.all_in(folder)
    except BadBackup as reason:
        sys.stderr.write(f"noroshi backup: {reason}\n")
        return 1
    for one in found:
        made = one.manifest
        words = f"{made.form} {made.size / MB:.1f} MB {made.count} rows version {made.version}"
        sys.stdout.write(f"{one.folder} {words}\n")
    return 0


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="noroshi backup", description=__doc__)
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="instead of the setting's")
    parser.add_argument("--form", choices=BACKUP_FORMS, help="instead of the setting's")
    parser.add_argument("--list", action="store_true", help="show what is there, make nothing")
    parser.add_argument("--prune", action="store_true", help="and remove those past their time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
