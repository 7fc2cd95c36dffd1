"""The program `noroshi migrate`: tables first, then the walls around them, as the owner."""

import sys

from django.core.management import call_command
from django.db import connection, transaction

from noroshi.base import environment
from noroshi.config.walls import WALLS
from noroshi.jobs import up_checks, up_roles
from noroshi.tenants import walls


def main() -> None:
    """Make the roles that are missing, migrate, build. Safe to repeat.

    When it fails half-way the owner is still let in: no program starts until it went through.
    """
    env = environment.read()
    if not env.database_url:
        sys.exit("noroshi migrate: DATABASE_URL is not set; name the PostgreSQL as its owner.")
    try:
        up_roles.urls_of_own_server(env)
    except up_checks.NotStarted as reason:
        sys.exit(f"noroshi migrate: {reason}")
    with transaction.atomic(), connection.cursor() as cursor:
        walls.let_owner_in(cursor)
    call_command("migrate", interactive=False, verbosity=1)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            walls.check_declared(cursor, WALLS)
            walls.build(cursor, WALLS)
    except walls.Undeclared as wrong:
        sys.exit(f"noroshi migrate: {wrong}.")


if __name__ == "__main__":
    main()
