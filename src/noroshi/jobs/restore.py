"""The program `noroshi restore`: bring a backup back, into a server or a product's folder."""

import argparse
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from noroshi.jobs.backing import bring_back, manifest, strands
from noroshi.jobs.backing.errors import BadBackup, CannotBackUp, NotRestored
from noroshi.jobs.backing.manifest import Backup
from noroshi.jobs.backing.replay import Log
from noroshi.jobs.postgres import DatabaseUnavailable
from noroshi.jobs.up_checks import NotStarted

JST = ZoneInfo("Asia/Tokyo")
REFUSALS = (BadBackup, CannotBackUp, NotRestored, NotStarted, DatabaseUnavailable)


def main(argv: list[str] | None = None) -> int:
    """0 when everything is there again, 1 and one line when not."""
    args = arguments().parse_args(argv)
    try:
        backup = chosen(args.backup.absolute(), args.at)
        if args.into and args.at:
            raise NotRestored("a moment is brought back with --data FOLDER, from a base backup")
        if args.into:
            bring_back.into_server(backup, args.into, replace=args.replace, say=say)
        else:
            var, log = args.data.absolute(), None if args.alone else log_of(backup, args.at)
            bring_back.into_folder(backup, var, log, replace=args.replace, say=say)
    except REFUSALS as reason:
        sys.stderr.write(f"noroshi restore: {reason}\n")
        return 1
    except psycopg.Error as error:
        sys.stderr.write(f"noroshi restore: {' '.join(str(error).split())}\n")
        return 1
    if args.into:
        say("now run `noroshi migrate` as the owner: it puts walls and grants in their place")
    else:
        say(f"now start it: noroshi up --data {args.data}")
    return 0


def chosen(place: Path, at: datetime | None) -> Backup:
    """The backup at this place, or of those in it the newest that was whole at that time."""
    if at is None or manifest.is_one(place):
        return manifest.newest(place)
    found = [one for one in manifest.all_in(place) if whole_at(one) <= at]
    if not found:
        raise NotRestored(f"there is no backup in {place} that is older than that")
    return found[-1]


def whole_at(backup: Backup) -> datetime:
    """From when on the log can carry it."""
    return backup.manifest.made_at + timedelta(seconds=backup.manifest.took_s)


def log_of(backup: Backup, at: datetime | None) -> Log | None:
    """The log that goes on from a backup. Raises NotRestored when a moment needs one."""
    strand = strands.strand_of(backup)
    if strand is None and at is not None:
        raise NotRestored(f"no log goes on from {backup.folder}: leave --at out")
    if at is not None and whole_at(backup) > at:
        raise NotRestored(f"{backup.folder} is younger than that: name an older one")
    return None if strand is None else Log(strand, at)


def moment(text: str) -> datetime:
    """A time of Japan, `YYYY-MM-DD HH:MM[:SS]`."""
    form = "%Y-%m-%d %H:%M:%S" if text.count(":") > 1 else "%Y-%m-%d %H:%M"
    return datetime.strptime(text, form).replace(tzinfo=JST)


def say(line: str) -> None:
    """One line for the operator."""
    sys.stdout.write(f"noroshi restore: {line}\n")
    sys.stdout.flush()


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="noroshi restore", description=__doc__)
    parser.add_argument("backup", type=Path, help="its folder, or that of all of them")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--into", metavar="URL", help="an empty database, as a superuser")
    where.add_argument("--data", type=Path, metavar="FOLDER", help="of `noroshi up --data`")
    until = parser.add_mutually_exclusive_group()
    until.add_argument(
        "--at",
        type=moment,
        metavar="TIME",
        help="as it was then: 'YYYY-MM-DD HH:MM[:SS]' in Japan; else to the end of the log",
    )
    until.add_argument("--alone", action="store_true", help="the backup without its log")
    parser.add_argument("--replace", action="store_true", help="even where there are data")
    return parser


if __name__ == "__main__":
    sys.exit(main())
