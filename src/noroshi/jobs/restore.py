"""The program `noroshi restore`: bring a backup back, into a server or a product's folder."""

import argparse
import sys
from pathlib import Path

import psycopg

from noroshi.jobs.backing import bring_back, manifest
from noroshi.jobs.backing.errors import BadBackup, CannotBackUp, NotRestored
from noroshi.jobs.postgres import DatabaseUnavailable
from noroshi.jobs.up_checks import NotStarted

REFUSALS = (BadBackup, CannotBackUp, NotRestored, NotStarted, DatabaseUnavailable)


def main(argv: list[str] | None = None) -> int:
    """0 when everything is there again, 1 and one line when not."""
    args = arguments().parse_args(argv)
    try:
        backup = manifest.read(args.backup.absolute())
        if args.into:
            bring_back.into_server(backup, args.into, replace=args.replace, say=say)
        else:
            bring_back.into_folder(backup, args.data.absolute(), replace=args.replace, say=say)
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


def say(line: str) -> None:
    """One line for the operator."""
    sys.stdout.write(f"noroshi restore: {line}\n")
    sys.stdout.flush()


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="noroshi restore", description=__doc__)
    parser.add_argument("backup", type=Path, help="its folder, or a file in it")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--into", metavar="URL", help="an empty database, as a superuser")
    where.add_argument("--data", type=Path, metavar="FOLDER", help="of `noroshi up --data`")
    parser.add_argument("--replace", action="store_true", help="even where there are data")
    return parser


if __name__ == "__main__":
    sys.exit(main())
