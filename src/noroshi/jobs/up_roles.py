"""The roles on an operator's own server: their addresses, made where that is allowed."""

import secrets
import urllib.parse
from pathlib import Path

import psycopg

from noroshi.base import roles
from noroshi.base.environment import Environment
from noroshi.base.roles import APP, PIPELINE, Urls
from noroshi.jobs.postgres_files import read_passwords, write_passwords
from noroshi.jobs.up_checks import NotStarted, check_database

PASSWORDS = "roles.pgpass"
PASSWORD_BYTES = 24
STANDING = """
SELECT current_user, rolsuper OR rolcreaterole,
  ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname IN (%s, %s))
FROM pg_roles WHERE rolname = current_user
"""


def urls_of_own_server(env: Environment) -> Urls:
    """The addresses given, or those of roles made here; raises NotStarted with one line.

    Passwords that are made here are kept in `roles.pgpass` in the folder of local state.
    """
    check_database(env.database_url, name="DATABASE_URL")
    given = {APP: env.app_database_url, PIPELINE: env.pipeline_database_url}
    missing = [role for role, url in given.items() if not url]
    made = _made(env.database_url, missing, env.var) if missing else {}
    urls = {role: url or made[role] for role, url in given.items()}
    for role, url in urls.items():
        if urllib.parse.urlsplit(url).username != role:
            raise NotStarted(f"the address of {role} names another user; the role's name is fixed")
    return Urls(env.database_url, urls[APP], urls[PIPELINE])


def _made(owner_url: str, wanted: list[str], var: Path) -> dict[str, str]:
    """The addresses of roles, made where they are missing."""
    file = var / PASSWORDS
    with psycopg.connect(owner_url, autocommit=True) as connection:
        row = connection.execute(STANDING, [APP, PIPELINE]).fetchone()
        owner, may_make, there = row or ("", False, [])
        passwords = read_passwords(file)
        for role in wanted:
            if role in passwords and role in there:
                continue
            if role in there:
                raise NotStarted(
                    f"the role {role} is there, but its password is not in {file}; set its "
                    "address in the environment (docs/operators.md, roles)"
                )
            if not may_make:
                raise NotStarted(
                    f"the role {role} is missing and {owner} may not make it; run the SQL of "
                    "docs/operators.md (roles) as a superuser, then set its address"
                )
            passwords.setdefault(role, secrets.token_urlsafe(PASSWORD_BYTES))
            var.mkdir(parents=True, exist_ok=True)
            write_passwords(file, passwords)  # first: a role without a known password helps nobody
            with connection.transaction():
                for line in roles.making(role, passwords[role], owner=str(owner)):
                    connection.execute(line)
    return {role: roles.address(owner_url, role, passwords[role]) for role in wanted}
